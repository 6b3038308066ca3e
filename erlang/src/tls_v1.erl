%% Groups, curves, lists of suites and key derivation by themselves, under the module name that OTP's test library calls.
-module(tls_v1).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([groups/0, groups/1, default_groups/0, ec_groups/0, pqc_groups/0, ecc_curves/1, ec_curves/2]).
-export([suites/1, exclusive_suites/1, exclusive_anonymous_suites/1, psk_exclusive/1, srp_exclusive/1,
         rsa_exclusive/1, des_exclusive/1, rc4_exclusive/1]).
-export([hmac_hash/3, hkdf_extract/3, hkdf_expand_label/5]).

-type suites() :: [<<_:16>>].

%% Groups to be had here.
-spec groups() -> [atom()].
groups() -> ssl_algorithms:groups().

%% All, or the default ones, to be had or not; or those of a list that are to be had.
-spec groups(all | default | [atom()]) -> [atom()].
groups(Which) when Which =:= all; Which =:= default -> ssl_algorithms:group_names(Which);
groups(Names) when is_list(Names) -> ssl_algorithms:supported_groups(Names).

-spec default_groups() -> [atom()].
default_groups() -> ssl_algorithms:groups(default).

-spec ec_groups() -> [atom()].
ec_groups() -> [G || G <- groups(default), not is_pqc(G)].

-spec pqc_groups() -> [atom()].
pqc_groups() -> [G || G <- groups(all), is_pqc(G)].

%% By their names: ML-KEM, by itself or with a curve.
is_pqc(Group) -> string:find(atom_to_list(Group), "mlkem") =/= nomatch.

%% OIDs of curves, or of a version's default curves.
-spec ecc_curves(ssl_versions:wire() | [atom()]) -> [tuple()].
ecc_curves(Version) when is_tuple(Version) -> ecc_curves(ssl_algorithms:eccs(ssl_versions:name(Version)));
ecc_curves(Names) -> [pubkey_cert_records:namedCurves(Name) || Name <- Names].

-spec ec_curves(default | all, term()) -> [atom()].
ec_curves(default, _) -> ssl_algorithms:eccs('tlsv1.2');
ec_curves(all, _) -> ssl_algorithms:eccs().

-spec suites(ssl_versions:wire()) -> suites().
suites(Version) -> ssl_cipher:suites(Version).

-spec exclusive_suites(ssl_versions:wire()) -> suites().
exclusive_suites(Version) -> bins(ssl_suites:list(exclusive, ssl_versions:name(Version))).

-spec exclusive_anonymous_suites(ssl_versions:wire()) -> suites().
exclusive_anonymous_suites(Version) -> bins(ssl_suites:list(exclusive_anonymous, ssl_versions:name(Version))).

%% Suites by kind, in the version that brought them.
-spec psk_exclusive(ssl_versions:wire()) -> suites().
psk_exclusive({3, 3}) -> psk_exclusive({3, 1}) -- [<<16#0093:16>>];
psk_exclusive(Version) -> since_10(psk, Version).

-spec srp_exclusive(ssl_versions:wire()) -> suites().
srp_exclusive(Version) -> since_10(srp, Version).

-spec rsa_exclusive(ssl_versions:wire()) -> suites().
rsa_exclusive({3, 3}) -> bins(ssl_suites:category(rsa_sha2));
rsa_exclusive(Version) -> since_10(rsa_sha, Version).

-spec des_exclusive(ssl_versions:wire()) -> suites().
des_exclusive(Version) -> since_10(des, Version).

-spec rc4_exclusive(ssl_versions:wire()) -> suites().
rc4_exclusive(Version) -> since_10(rc4, Version).

since_10(Category, {3, 1}) -> bins(ssl_suites:category(Category));
since_10(_, _) -> [].

bins(Codes) -> [<<Code:16>> || Code <- Codes].

-spec hmac_hash(atom(), iodata(), iodata()) -> binary().
hmac_hash(Hash, Key, Data) -> crypto:mac(hmac, Hash, Key, Data).

%% RFC 5869 section 2.2.
-spec hkdf_extract(atom(), iodata(), iodata()) -> binary().
hkdf_extract(Hash, Salt, KeyMaterial) -> hmac_hash(Hash, Salt, KeyMaterial).

%% RFC 8446 section 7.1.
-spec hkdf_expand_label(iodata(), binary(), binary(), non_neg_integer(), atom()) -> binary().
hkdf_expand_label(Secret, Label, Context, Length, Hash) ->
    Full = <<"tls13 ", Label/binary>>,
    Info = <<Length:16, (byte_size(Full)), Full/binary, (byte_size(Context)), Context/binary>>,
    hkdf_expand(Secret, Info, Length, Hash, 1, <<>>, <<>>).

%% RFC 5869 section 2.3.
hkdf_expand(_, _, Length, _, _, _, Done) when byte_size(Done) >= Length ->
    binary:part(Done, 0, Length);
hkdf_expand(Secret, Info, Length, Hash, N, Previous, Done) ->
    Block = hmac_hash(Hash, Secret, [Previous, Info, N]),
    hkdf_expand(Secret, Info, Length, Hash, N + 1, Block, <<Done/binary, Block/binary>>).
