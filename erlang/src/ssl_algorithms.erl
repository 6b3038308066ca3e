%% The registries of groups, elliptic curves and signature schemes: names <-> code points, defaults, and what is
%% supported here. Cipher suites: ssl_suites. Versions: ssl_versions.
%%
%% Sources: RFC 8446 sections 4.2.3 and 4.2.7, RFC 8422 section 5.1.1, RFC 8734 (brainpool), RFC 7919 (ffdhe),
%% IANA "TLS Supported Groups" and "TLS SignatureScheme" (ML-KEM, ML-DSA, SLH-DSA).
-module(ssl_algorithms).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([crypto/2, remembered/2]).
-export([groups/0, groups/1, group_names/1, supported_groups/1, group_code/1, group_name/1]).
-export([eccs/0, eccs/1, curve_known/1, curve_codes/1, curve_name/1]).
-export([signature_algs/2, default_signature_algs/1, supported_signature_algs/2, scheme_code/1, scheme_name/1, pair/1,
         components/1, pairs_12/1]).

-export_type([group/0, scheme/0]).

-type group() :: atom().
%% As in the option `signature_algs`: a TLS 1.3 name or a TLS 1.2 pair.
-type scheme() :: atom() | {Hash :: atom(), Sign :: atom()}.

%%--------------------------------------------------------------------------------------------------------------
%% Groups (TLS 1.3)
%%--------------------------------------------------------------------------------------------------------------

%% Name, code, list that it stands in, what is needed: native (in the core on every release) or of crypto.
groups_table() ->
    [{x25519mlkem768, 4588, default, native},
     {x25519, 29, default, native},
     {x448, 30, default, [{curves, x448}]},
     {secp521r1, 25, default, native},
     {secp384r1, 24, default, native},
     {secp256r1, 23, default, native},
     {brainpoolP512r1tls13, 33, default, [{curves, brainpoolP512r1}]},
     {brainpoolP384r1tls13, 32, default, [{curves, brainpoolP384r1}]},
     {brainpoolP256r1tls13, 31, default, [{curves, brainpoolP256r1}]},
     {secp384r1mlkem1024, 4589, more, [{kems, mlkem1024}, {curves, secp384r1}]},
     {secp256r1mlkem768, 4587, more, [{kems, mlkem768}, {curves, secp256r1}]},
     {mlkem1024, 514, more, [{kems, mlkem1024}]},
     {mlkem768, 513, more, [{kems, mlkem768}]},
     {mlkem512, 512, more, [{kems, mlkem512}]},
     {ffdhe2048, 256, more, []},
     {ffdhe3072, 257, more, []},
     {ffdhe4096, 258, more, []},
     {ffdhe6144, 259, more, []},
     {ffdhe8192, 260, more, []}].

%% `ssl:groups/0`: all groups to be had, best first.
-spec groups() -> [group()].
groups() -> supported_groups(group_names(all)).

%% `ssl:groups/1`: those that are offered when nothing is said.
-spec groups(default) -> [group()].
groups(default) ->
    remembered({groups, default}, fun() -> supported_groups(group_names(default)) end).

%% Names of groups, to be had here or not.
-spec group_names(all | default) -> [group()].
group_names(all) -> [element(1, Row) || Row <- groups_table()];
group_names(default) -> [Name || {Name, _, default, _} <- groups_table()].

%% Those of the names that are groups to be had here.
-spec supported_groups([term()]) -> [group()].
supported_groups(Names) -> [Name || Name <- Names, group_supported(Name)].

group_supported(Name) ->
    case lists:keyfind(Name, 1, groups_table()) of
        {_, _, _, native} -> true;
        {_, _, _, Needs} -> lists:all(fun({Kind, Need}) -> crypto(Kind, Need) end, Needs);
        false -> false
    end.

-spec group_code(group()) -> 0..16#ffff.
group_code(Name) ->
    case lists:keyfind(Name, 1, groups_table()) of
        {_, Code, _, _} -> Code;
        false -> error(function_clause, [Name])
    end.

-spec group_name(integer()) -> group() | undefined.
group_name(Code) ->
    case lists:keyfind(Code, 2, groups_table()) of
        {Name, _, _, _} -> Name;
        false -> undefined
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Curves (before TLS 1.3)
%%--------------------------------------------------------------------------------------------------------------

default_curves() ->
    [x25519, x448, secp521r1, brainpoolP512r1, secp384r1, brainpoolP384r1, secp256r1, brainpoolP256r1].

%% Deprecated by RFC 8422.
legacy_curves() ->
    [sect571r1, sect571k1, sect409k1, sect409r1, sect283k1, sect283r1, secp256k1, sect239k1, sect233k1, sect233r1,
     secp224k1, secp224r1, sect193r1, sect193r2, secp192k1, secp192r1, sect163k1, sect163r1, sect163r2, secp160k1,
     secp160r1, secp160r2].

%% `ssl:eccs/0`.
-spec eccs() -> [atom()].
eccs() -> supported_curves(default_curves() ++ legacy_curves()).

%% `ssl:eccs/1`.
-spec eccs(ssl_versions:version()) -> [atom()].
eccs(Version) when Version =:= 'tlsv1.2'; Version =:= 'tlsv1.1'; Version =:= tlsv1; Version =:= 'dtlsv1.2';
                   Version =:= dtlsv1 ->
    supported_curves(default_curves());
eccs('tlsv1.3') ->
    error({badarg, not_sup_in, 'tlsv1.3'});
eccs(Other) ->
    error({badarg, Other}).

supported_curves(Curves) -> [C || C <- Curves, crypto(curves, C)].

%% RFC 4492 section 5.1.1, RFC 7027, RFC 8422.
curve_codes() ->
    [{sect163k1, 1}, {sect163r1, 2}, {sect163r2, 3}, {sect193r1, 4}, {sect193r2, 5}, {sect233k1, 6}, {sect233r1, 7},
     {sect239k1, 8}, {sect283k1, 9}, {sect283r1, 10}, {sect409k1, 11}, {sect409r1, 12}, {sect571k1, 13}, {sect571r1, 14},
     {secp160k1, 15}, {secp160r1, 16}, {secp160r2, 17}, {secp192k1, 18}, {secp192r1, 19}, {secp224k1, 20}, {secp224r1, 21},
     {secp256k1, 22}, {secp256r1, 23}, {secp384r1, 24}, {secp521r1, 25}, {brainpoolP256r1, 26}, {brainpoolP384r1, 27},
     {brainpoolP512r1, 28}, {x25519, 29}, {x448, 30}].

%% Code points of those curves that have one.
-spec curve_codes([atom()]) -> [0..16#ffff].
curve_codes(Curves) ->
    Codes = curve_codes(),
    [Code || Curve <- Curves, {_, Code} <- [lists:keyfind(Curve, 1, Codes)]].

-spec curve_name(integer()) -> atom() | undefined.
curve_name(Code) ->
    case lists:keyfind(Code, 2, curve_codes()) of
        {Name, _} -> Name;
        false -> undefined
    end.

%% Is it a curve that the option `eccs` may name?
-spec curve_known(term()) -> boolean().
curve_known(Name) ->
    is_atom(Name) andalso
        try pubkey_cert_records:namedCurves(Name) of
            _ -> true
        catch
            error:_ -> false
        end.

%%--------------------------------------------------------------------------------------------------------------
%% Signatures
%%--------------------------------------------------------------------------------------------------------------

%% Name, code, hash, algorithm, curve.
schemes_table() ->
    [{mldsa87, 16#0906, none, mldsa87, undefined},
     {mldsa65, 16#0905, none, mldsa65, undefined},
     {mldsa44, 16#0904, none, mldsa44, undefined},
     {slh_dsa_sha2_256f, 16#0916, slh_dsa_sha2_256f, slhdsa, undefined},
     {slh_dsa_sha2_256s, 16#0915, slh_dsa_sha2_256s, slhdsa, undefined},
     {slh_dsa_shake_256f, 16#091C, slh_dsa_shake_256f, slhdsa, undefined},
     {slh_dsa_shake_256s, 16#091B, slh_dsa_shake_256s, slhdsa, undefined},
     {slh_dsa_shake_192f, 16#091A, slh_dsa_shake_192f, slhdsa, undefined},
     {slh_dsa_shake_192s, 16#0919, slh_dsa_shake_192s, slhdsa, undefined},
     {slh_dsa_sha2_192f, 16#0914, slh_dsa_sha2_192f, slhdsa, undefined},
     {slh_dsa_sha2_192s, 16#0913, slh_dsa_sha2_192s, slhdsa, undefined},
     {slh_dsa_shake_128f, 16#0918, slh_dsa_shake_128f, slhdsa, undefined},
     {slh_dsa_shake_128s, 16#0917, slh_dsa_shake_128s, slhdsa, undefined},
     {slh_dsa_sha2_128f, 16#0912, slh_dsa_sha2_128f, slhdsa, undefined},
     {slh_dsa_sha2_128s, 16#0911, slh_dsa_sha2_128s, slhdsa, undefined},
     {eddsa_ed25519, 16#0807, none, eddsa, ed25519},
     {eddsa_ed448, 16#0808, none, eddsa, ed448},
     {ecdsa_secp521r1_sha512, 16#0603, sha512, ecdsa, secp521r1},
     {ecdsa_secp384r1_sha384, 16#0503, sha384, ecdsa, secp384r1},
     {ecdsa_secp256r1_sha256, 16#0403, sha256, ecdsa, secp256r1},
     {ecdsa_brainpoolP512r1tls13_sha512, 16#081C, sha512, ecdsa, brainpoolP512r1},
     {ecdsa_brainpoolP384r1tls13_sha384, 16#081B, sha384, ecdsa, brainpoolP384r1},
     {ecdsa_brainpoolP256r1tls13_sha256, 16#081A, sha256, ecdsa, brainpoolP256r1},
     {rsa_pss_pss_sha512, 16#080B, sha512, rsa_pss_pss, undefined},
     {rsa_pss_pss_sha384, 16#080A, sha384, rsa_pss_pss, undefined},
     {rsa_pss_pss_sha256, 16#0809, sha256, rsa_pss_pss, undefined},
     {rsa_pss_rsae_sha512, 16#0806, sha512, rsa_pss_rsae, undefined},
     {rsa_pss_rsae_sha384, 16#0805, sha384, rsa_pss_rsae, undefined},
     {rsa_pss_rsae_sha256, 16#0804, sha256, rsa_pss_rsae, undefined},
     {rsa_pkcs1_sha512, 16#0601, sha512, rsa_pkcs1, undefined},
     {rsa_pkcs1_sha384, 16#0501, sha384, rsa_pkcs1, undefined},
     {rsa_pkcs1_sha256, 16#0401, sha256, rsa_pkcs1, undefined},
     {rsa_pkcs1_sha1, 16#0201, sha, rsa_pkcs1, undefined},
     {ecdsa_sha1, 16#0203, sha, ecdsa, undefined}].

%% TLS 1.3 default, in order of preference: post-quantum first (but only the fastest SLH-DSA), then elliptic
%% curves, PSS, the other SLH-DSA; then what may only sign certificates.
default_schemes_13() ->
    [mldsa87, mldsa65, mldsa44, slh_dsa_sha2_256f,
     eddsa_ed25519, eddsa_ed448,
     ecdsa_secp521r1_sha512, ecdsa_secp384r1_sha384, ecdsa_secp256r1_sha256,
     ecdsa_brainpoolP512r1tls13_sha512, ecdsa_brainpoolP384r1tls13_sha384, ecdsa_brainpoolP256r1tls13_sha256,
     rsa_pss_pss_sha512, rsa_pss_pss_sha384, rsa_pss_pss_sha256,
     rsa_pss_rsae_sha512, rsa_pss_rsae_sha384, rsa_pss_rsae_sha256,
     slh_dsa_sha2_256s, slh_dsa_shake_256f, slh_dsa_shake_256s, slh_dsa_shake_192f, slh_dsa_shake_192s,
     slh_dsa_sha2_192f, slh_dsa_sha2_192s, slh_dsa_shake_128f, slh_dsa_shake_128s, slh_dsa_sha2_128f,
     slh_dsa_sha2_128s,
     rsa_pkcs1_sha512, rsa_pkcs1_sha384, rsa_pkcs1_sha256].

default_pairs_12() ->
    [{sha512, ecdsa}, rsa_pss_pss_sha512, rsa_pss_rsae_sha512, {sha512, rsa},
     {sha384, ecdsa}, rsa_pss_pss_sha384, rsa_pss_rsae_sha384, {sha384, rsa},
     {sha256, ecdsa}, rsa_pss_pss_sha256, rsa_pss_rsae_sha256, {sha256, rsa}].

legacy_pairs() ->
    [{sha224, ecdsa}, {sha224, rsa}, {sha, ecdsa}, {sha, rsa}, {sha, dsa}].

%% `ssl:signature_algs/2`.
-spec signature_algs(default | all | exclusive, ssl_versions:version()) -> [scheme()].
signature_algs(Description, 'tlsv1.3') when Description =:= default; Description =:= exclusive ->
    default_signature_algs('tlsv1.3');
signature_algs(all, 'tlsv1.3') ->
    default_signature_algs('tlsv1.3')
        ++ [ecdsa_sha1, rsa_pkcs1_sha1 | legacy_pairs() -- [{sha, ecdsa}, {sha, rsa}]];
signature_algs(default, 'tlsv1.2') ->
    default_signature_algs('tlsv1.2');
signature_algs(Description, 'tlsv1.2') when Description =:= all; Description =:= exclusive ->
    default_signature_algs('tlsv1.2') ++ legacy_pairs();
signature_algs(Description, 'dtlsv1.2') ->
    signature_algs(Description, 'tlsv1.2');
signature_algs(Description, Version) when Description =:= default; Description =:= all; Description =:= exclusive ->
    error({signature_algs_not_supported_in_protocol_version, Version});
signature_algs(Description, Version) ->
    error(badarg, [Description, Version]).

%% The default of the option `signature_algs` for a highest version.
-spec default_signature_algs(ssl_versions:version()) -> [scheme()].
default_signature_algs(Version) ->
    remembered({signature_algs, Version},
               fun() when Version =:= 'tlsv1.3' -> supported_signature_algs(Version, default_schemes_13());
                  () when Version =:= 'tlsv1.2' -> supported_signature_algs(Version, default_pairs_12())
               end).

%% Those algorithms that are to be had here, for a highest version of TLS 1.3 or 1.2. Throws `badarg` on what is
%% no signature algorithm at all.
-spec supported_signature_algs('tlsv1.3' | 'tlsv1.2', [term()]) -> [scheme()].
supported_signature_algs('tlsv1.3', Algs) ->
    [Alg || Alg <- Algs, alg_supported(Alg)];
supported_signature_algs('tlsv1.2', Algs) ->
    %% RFC 8446 section 4.2.3: of the new names only PSS has a meaning in TLS 1.2.
    [Alg || Alg <- Algs, is_tuple(Alg) orelse is_pss(Alg), alg_supported(Alg)].

is_pss(Name) when is_atom(Name) ->
    case lists:keyfind(Name, 1, schemes_table()) of
        {_, _, _, Sign, _} -> Sign =:= rsa_pss_rsae orelse Sign =:= rsa_pss_pss;
        false -> false
    end;
is_pss(_) ->
    throw(badarg).

alg_supported({Hash, Sign}) ->
    lists:member(Hash, hashes()) andalso crypto(public_keys, crypto_sign(Sign)) andalso crypto(hashs, Hash) andalso pair(Hash, Sign);
alg_supported(Name) when is_atom(Name) ->
    case lists:keyfind(Name, 1, schemes_table()) of
        {_, _, _, eddsa, _} ->
            true;
        {_, _, Hash, Sign, Curve} ->
            crypto(public_keys, Name)
                orelse (scheme_key_supported(Sign) andalso crypto(hashs, Hash)
                        andalso (Curve =:= undefined orelse crypto(curves, Curve))
                        andalso pair(Hash, plain(Sign)));
        false ->
            throw(badarg)
    end;
alg_supported(_) ->
    throw(badarg).

scheme_key_supported(Sign) when Sign =:= rsa_pss_rsae; Sign =:= rsa_pss_pss ->
    crypto(rsa_opts, rsa_pkcs1_pss_padding) andalso crypto(public_keys, rsa);
scheme_key_supported(Sign) ->
    crypto(public_keys, plain(Sign)).

plain(rsa_pkcs1) -> rsa;
plain(rsa_pss_rsae) -> rsa;
plain(rsa_pss_pss) -> rsa;
plain(Sign) -> Sign.

crypto_sign(dsa) -> dss;
crypto_sign(Sign) -> Sign.

%% Which hash goes with which algorithm (RFC 5246 section 7.4.1.4.1; MD5 no more: RFC 9155).
pair(sha, dsa) -> true;
pair(_, dsa) -> false;
pair(Hash, Sign) when Sign =:= ecdsa; Sign =:= rsa -> not lists:member(Hash, [md4, md5]) andalso crypto(hashs, Hash);
pair(_, _) -> false.

%% Code point of a scheme or pair.
-spec scheme_code(scheme()) -> 0..16#ffff.
scheme_code({Hash, Sign}) when Sign =:= rsa_pss_rsae; Sign =:= rsa_pss_pss ->
    {_, Code, _, _, _} = lists:nth(1, [Row || {_, _, H, S, _} = Row <- schemes_table(), H =:= Hash, S =:= Sign]),
    Code;
scheme_code({Hash, Sign}) ->
    hash_code(Hash) bsl 8 bor sign_code(Sign);
scheme_code(Name) when is_atom(Name) ->
    case lists:keyfind(Name, 1, schemes_table()) of
        {_, Code, _, _, _} -> Code;
        false -> error(function_clause, [Name])
    end.

%% RFC 5246 section 7.4.1.4.1.
hashes() -> [md5, sha, sha224, sha256, sha384, sha512].
signs() -> [rsa, dsa, ecdsa].
hash_code(Hash) -> index(Hash, hashes()).
sign_code(Sign) -> index(Sign, signs()).

index(Name, Names) -> index(Name, Names, 1).
index(Name, [Name | _], N) -> N;
index(Name, [_ | Names], N) -> index(Name, Names, N + 1).

%% A code point as a pair of TLS 1.2, as OTP shows what a peer of these versions offers.
-spec pair(integer()) -> scheme() | undefined.
pair(16#0804) -> {sha256, rsa_pss_rsae};
pair(16#0805) -> {sha384, rsa_pss_rsae};
pair(16#0806) -> {sha512, rsa_pss_rsae};
pair(16#0809) -> {sha256, rsa_pss_pss};
pair(16#080a) -> {sha384, rsa_pss_pss};
pair(16#080b) -> {sha512, rsa_pss_pss};
pair(Code) -> pair_name(Code).

%% Name of a code point: the scheme's, else the pair's.
-spec scheme_name(integer()) -> scheme() | undefined.
scheme_name(Code) ->
    case lists:keyfind(Code, 2, schemes_table()) of
        {Name, _, _, _, _} -> Name;
        false -> pair_name(Code)
    end.

%% The code point as TLS 1.2 reads it: hash and algorithm (RFC 5246 section 7.4.1.4.1).
-spec pair_name(integer()) -> scheme() | undefined.
pair_name(Code) -> pair_name(Code bsr 8, Code band 16#ff).

pair_name(Hash, Sign) when Hash >= 1, Hash =< 6, Sign >= 1, Sign =< 3 ->
    {lists:nth(Hash, hashes()), lists:nth(Sign, signs())};
pair_name(_, _) ->
    undefined.

%% Hash, algorithm and curve of a scheme.
-spec components(scheme()) -> {atom(), atom(), atom()}.
components({Hash, Sign}) ->
    {Hash, Sign, undefined};
components(Name) ->
    case lists:keyfind(Name, 1, schemes_table()) of
        {_, _, Hash, Sign, Curve} -> {Hash, Sign, Curve};
        false -> error(function_clause, [Name])
    end.

%% Schemes as TLS 1.2 has them: hash and algorithm, the curve being any (RFC 8446 section 4.2.3); without those
%% that TLS 1.2 does not know, and each once.
-spec pairs_12([scheme()]) -> [{atom(), atom()}].
pairs_12(Algs) ->
    Pairs = lists:flatmap(fun pair_12/1, Algs),
    unique(Pairs, []).

pair_12({_, _} = Pair) -> [Pair];
pair_12(Name) ->
    case components(Name) of
        {_, slhdsa, _} -> [];
        {_, eddsa, _} -> [];
        {none, _, _} -> [];
        {Hash, rsa_pkcs1, _} -> [{Hash, rsa}];
        {Hash, Sign, _} -> [{Hash, Sign}]
    end.

unique([Pair | Pairs], Seen) ->
    case lists:member(Pair, Seen) of
        true -> unique(Pairs, Seen);
        false -> unique(Pairs, [Pair | Seen])
    end;
unique([], Seen) ->
    lists:reverse(Seen).

%%--------------------------------------------------------------------------------------------------------------
%% What crypto has
%%--------------------------------------------------------------------------------------------------------------

%% Is `Name` among `crypto:supports(Kind)`?
-spec crypto(hashs | public_keys | ciphers | curves | kems | rsa_opts, term()) -> boolean().
crypto(Kind, Name) ->
    is_map_key(Name, remembered(Kind, fun() -> maps:from_list([{N, []} || N <- crypto_list(Kind)]) end)).

%% What is made of crypto's lists is asked for by every connection, so it is kept. It changes when FIPS mode is
%% switched, and with nothing else. For a small fixed set of keys.
-spec remembered(term(), fun(() -> Value)) -> Value.
remembered(Key, Make) ->
    Place = {?MODULE, crypto:info_fips(), Key},
    case persistent_term:get(Place, undefined) of
        undefined ->
            Value = Make(),
            ok = persistent_term:put(Place, Value),
            Value;
        Value ->
            Value
    end.

%% Releases before 28 have no list of KEMs.
crypto_list(Kind) ->
    try crypto:supports(Kind)
    catch error:_ when Kind =:= kems -> []
    end.
