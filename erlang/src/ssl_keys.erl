%% Private keys: from the option, a file or an engine to something that signs; which signature schemes a key can make;
%% in which order several certificates with keys are preferred; and what else keys do before TLS 1.3, decrypt premaster
%% secrets and static ECDH.
-module(ssl_keys).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-include_lib("public_key/include/public_key.hrl").

-export([decode/1, pem_decode/2, pem_entries/1, type/1, schemes/2, native/2, prioritize/1, sign/3, verify/4, label/1]).
-export([decrypt/2, agree/2]).

-export_type([private/0, type/0]).

%% An empty SEQUENCE.
-define(NO_PARAMETERS, <<16#30, 0>>).

%% ML-DSA keys are only there on releases whose crypto signs with them.
-dialyzer({no_fail_call, sign/4}).

%% A record of public_key (RSA-PSS keys with their parameters), or a map with a sign fun or an engine's key.
-type private() :: tuple() | map().
-type type() :: mldsa | slhdsa | eddsa | ecdsa | rsa_pss_pss | rsa | dsa.

%%--------------------------------------------------------------------------------------------------------------------
%% Decoding
%%--------------------------------------------------------------------------------------------------------------------

%% The option `key`: type and DER, or a map.
-spec decode({atom(), binary()} | map()) -> private().
decode(#{} = Key) -> Key;
decode({rsa, Der}) -> decode({'RSAPrivateKey', Der});
decode({dsa, Der}) -> decode({'DSAPrivateKey', Der});
%% A PEM entry is decoded further than DER by itself: PKCS#8 becomes the key inside.
decode({Type, Der}) -> pem_decode({Type, Der, not_encrypted}, "").

%% Like public_key:pem_entry_decode/2, which before OTP 27 leaves an RSA-PSS key without parameters as it is
%% (RFC 8017 appendix C: then it is good for every hash).
-spec pem_decode(public_key:pem_entry(), string()) -> private().
pem_decode(Entry, Password) ->
    case public_key:pem_entry_decode(Entry, Password) of
        {'PrivateKeyInfo', _, {_, ?'id-RSASSA-PSS', asn1_NOVALUE}, Der, _} ->
            {public_key:der_decode('RSAPrivateKey', Der), public_key:der_decode('RSASSA-PSS-params', ?NO_PARAMETERS)};
        Key ->
            Key
    end.

%% The private keys among the entries of a PEM file.
-spec pem_entries([public_key:pem_entry()]) -> [public_key:pem_entry()].
pem_entries(Entries) ->
    [Entry || {Type, _, _} = Entry <- Entries,
              lists:member(Type, ['RSAPrivateKey', 'DSAPrivateKey', 'ECPrivateKey', 'PrivateKeyInfo'])].

%%--------------------------------------------------------------------------------------------------------------------
%% Kinds
%%--------------------------------------------------------------------------------------------------------------------

%% Kind of a key; of an engine's or a fun's key its map says it.
-spec type(private()) -> type() | undefined.
type(#{algorithm := dss}) -> dsa;
type(#{algorithm := Type}) when Type =:= mldsa; Type =:= slhdsa; Type =:= eddsa; Type =:= ecdsa; Type =:= rsa_pss_pss;
                                Type =:= rsa; Type =:= dsa -> Type;
type(#'ECPrivateKey'{parameters = {namedCurve, Curve}}) when Curve =:= ?'id-Ed25519'; Curve =:= ?'id-Ed448' -> eddsa;
type(#'ECPrivateKey'{}) -> ecdsa;
type({#'RSAPrivateKey'{}, #'RSASSA-PSS-params'{}}) -> rsa_pss_pss;
type(#'RSAPrivateKey'{}) -> rsa;
type(#'DSAPrivateKey'{}) -> dsa;
%% Releases before 28 have no records for these.
type({'ML-DSAPrivateKey', _, _, _}) -> mldsa;
type({'SLH-DSAPrivateKey', _, _}) -> slhdsa;
type(_) -> undefined.

%% Signature schemes that a key can make, by name. A fun or an engine has no public half: there the certificate tells.
-spec schemes(private(), Leaf :: #'OTPCertificate'{} | undefined) -> [atom()].
schemes(Key, Leaf) ->
    case type(Key) of
        eddsa -> eddsa_schemes(curve(Key, Leaf));
        ecdsa -> ecdsa_schemes(curve(Key, Leaf));
        rsa -> fitting([rsa_pss_rsae_sha512, rsa_pss_rsae_sha384, rsa_pss_rsae_sha256,
                        rsa_pkcs1_sha512, rsa_pkcs1_sha384, rsa_pkcs1_sha256], modulus(Key, Leaf));
        rsa_pss_pss -> fitting(pss_schemes(pss_parameters(Key, Leaf)), modulus(Key, Leaf));
        mldsa -> algorithm_schemes(Key, Leaf);
        slhdsa -> algorithm_schemes(Key, Leaf);
        _ -> []
    end.

eddsa_schemes(ed25519) -> [eddsa_ed25519];
eddsa_schemes(ed448) -> [eddsa_ed448];
eddsa_schemes(_) -> [].

%% RFC 8446 section 4.2.3, RFC 8734.
ecdsa_schemes(secp256r1) -> [ecdsa_secp256r1_sha256];
ecdsa_schemes(secp384r1) -> [ecdsa_secp384r1_sha384];
ecdsa_schemes(secp521r1) -> [ecdsa_secp521r1_sha512];
ecdsa_schemes(brainpoolP256r1) -> [ecdsa_brainpoolP256r1tls13_sha256];
ecdsa_schemes(brainpoolP384r1) -> [ecdsa_brainpoolP384r1tls13_sha384];
ecdsa_schemes(brainpoolP512r1) -> [ecdsa_brainpoolP512r1tls13_sha512];
ecdsa_schemes(_) -> [].

%% RFC 4055 section 3.1: the parameters of a key bind its hash.
pss_schemes(#'RSASSA-PSS-params'{hashAlgorithm = #'HashAlgorithm'{algorithm = Oid}}) ->
    case public_key:pkix_hash_type(Oid) of
        sha512 -> [rsa_pss_pss_sha512];
        sha384 -> [rsa_pss_pss_sha384];
        sha256 -> [rsa_pss_pss_sha256];
        _ -> []
    end;
pss_schemes(_) ->
    [rsa_pss_pss_sha512, rsa_pss_pss_sha384, rsa_pss_pss_sha256].

pss_parameters({_, Parameters}, _) -> Parameters;
pss_parameters(_, Leaf) ->
    case public_info(Leaf) of
        #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{parameters = Parameters}} -> Parameters;
        undefined -> undefined
    end.

modulus({#'RSAPrivateKey'{modulus = N}, _}, _) -> N;
modulus(#'RSAPrivateKey'{modulus = N}, _) -> N;
modulus(_, Leaf) ->
    case public_info(Leaf) of
        #'OTPSubjectPublicKeyInfo'{subjectPublicKey = #'RSAPublicKey'{modulus = N}} -> N;
        _ -> undefined
    end.

%% RFC 8017 section 9.1.1: digest, salt of its length and two bytes fit into the modulus. (PKCS#1 v1.5 needs no more
%% than that with SHA-512, section 9.2.)
fitting(Schemes, undefined) ->
    Schemes;
fitting(Schemes, Modulus) ->
    Bytes = (bits(Modulus) - 1 + 7) div 8,
    [Scheme || Scheme <- Schemes, {Hash, _, _} <- [ssl_algorithms:components(Scheme)], 2 * digest_size(Hash) + 2 =< Bytes].

bits(N) -> bit_size(binary:encode_unsigned(N)) - leading(binary:encode_unsigned(N)).

leading(<<First, _/binary>>) -> length(lists:takewhile(fun(Bit) -> First band (1 bsl Bit) =:= 0 end, [7, 6, 5, 4, 3, 2, 1, 0])).

public_info(#'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{subjectPublicKeyInfo = Info}}) -> Info;
public_info(undefined) -> undefined.

algorithm_schemes(#{}, Leaf) -> [Name || Name <- [public_algorithm(Leaf)], Name =/= undefined];
algorithm_schemes(Key, _) -> [algorithm(Key)].

%% ML-DSA and SLH-DSA keys: the field `algorithm`.
algorithm(Key) -> element(2, Key).

curve(#'ECPrivateKey'{parameters = Parameters}, _) -> curve_name(Parameters);
curve(#{}, #'OTPCertificate'{} = Leaf) -> public_curve(public_info(Leaf));
curve(_, _) -> undefined.

public_curve(#'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = Oid, parameters = Parameters}}) ->
    case Oid of
        ?'id-Ed25519' -> ed25519;
        ?'id-Ed448' -> ed448;
        ?'id-ecPublicKey' -> curve_name(Parameters);
        _ -> undefined
    end.

curve_name({namedCurve, ?'id-Ed25519'}) -> ed25519;
curve_name({namedCurve, ?'id-Ed448'}) -> ed448;
curve_name({namedCurve, Oid}) when is_tuple(Oid) ->
    try pubkey_cert_records:namedCurves(Oid)
    catch error:_ -> undefined
    end;
curve_name({namedCurve, Name}) -> Name;
curve_name(_) -> undefined.

%% The name of the algorithm of an ML-DSA or SLH-DSA certificate's key, which is also that of its scheme.
public_algorithm(Leaf) ->
    case public_info(Leaf) of
        #'OTPSubjectPublicKeyInfo'{subjectPublicKey = {Record, Algorithm, _}}
          when Record =:= 'ML-DSAPublicKey'; Record =:= 'SLH-DSAPublicKey' -> Algorithm;
        _ -> undefined
    end.

%% What the native side is to try: the DER it came as, or made again. `none`: only public_key can sign with it.
-spec native(private(), {atom(), binary()} | undefined) -> {native, atom(), binary()} | none.
native(#{}, _) ->
    none;
native(Key, Given) ->
    Native = case type(Key) of
                 rsa -> true;
                 rsa_pss_pss -> true;
                 ecdsa -> lists:member(curve(Key, undefined), [secp256r1, secp384r1, secp521r1]);
                 eddsa -> curve(Key, undefined) =:= ed25519;
                 _ -> false
             end,
    case {Native, Given} of
        {false, _} -> none;
        {true, {Type, Der}} when Type =:= 'RSAPrivateKey'; Type =:= 'ECPrivateKey'; Type =:= 'PrivateKeyInfo' ->
            {native, Type, Der};
        {true, {rsa, Der}} ->
            {native, 'RSAPrivateKey', Der};
        {true, undefined} ->
            encoded(Key)
    end.

encoded(#'RSAPrivateKey'{} = Key) -> {native, 'RSAPrivateKey', public_key:der_encode('RSAPrivateKey', Key)};
encoded(Key) -> {native, 'PrivateKeyInfo', public_key:der_encode('PrivateKeyInfo', Key)}.

%% What is wrong with a key that does not sign, as OTP names it.
-spec label(private()) -> atom().
label(Key) ->
    case type(Key) of
        rsa -> unacceptable_rsa_key;
        rsa_pss_pss when is_map(Key) -> unacceptable_rsa_pss_pss_key;
        rsa_pss_pss -> unacceptable_rsa_key;
        eddsa when is_map(Key) -> unacceptable_eddsa_key;
        eddsa -> unacceptable_ecdsa_key;
        ecdsa -> unacceptable_ecdsa_key;
        mldsa -> unacceptable_mldsa_key;
        slhdsa -> unacceptable_slhdsa_key;
        dsa -> unacceptable_dsa_key;
        _ -> unacceptable_key
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Priorities
%%--------------------------------------------------------------------------------------------------------------------

%% Certificates with keys, best first: by kind, then as OTP orders each kind: keys of engines and funs first, then by
%% curve, algorithm or size. Curves that TLS 1.3 has no scheme for, and kinds nobody knows, are left out.
-spec prioritize([{private(), Certs}]) -> [{private(), Certs}] when Certs :: term().
prioritize(Pairs0) ->
    Pairs = lists:reverse(Pairs0),
    lists:append([order(Type, [P || {Key, _} = P <- Pairs, type(Key) =:= Type])
                  || Type <- [mldsa, slhdsa, eddsa, ecdsa, rsa_pss_pss, rsa, dsa]]).

order(Type, Pairs) when Type =:= mldsa; Type =:= slhdsa ->
    {Maps, Records} = lists:partition(fun is_foreign/1, Pairs),
    Maps ++ sort_by(fun({Key, _}) -> algorithm(Key) end, Records);
order(eddsa, Pairs) ->
    {Maps, Records} = lists:partition(fun is_foreign/1, Pairs),
    Maps ++ with_curves([ed25519, ed448], Records);
order(ecdsa, Pairs) ->
    {Engines, Others} = lists:partition(fun({Key, _}) -> is_map(Key) andalso is_map_key(engine, Key) end, Pairs),
    {Maps, Records} = lists:partition(fun is_foreign/1, Others),
    Engines ++ Maps ++ with_curves([secp521r1, secp384r1, secp256r1, brainpoolP512r1, brainpoolP384r1, brainpoolP256r1],
                                   Records);
order(_, Pairs) ->
    {Maps, Records} = lists:partition(fun is_foreign/1, Pairs),
    Maps ++ sort_by(fun({Key, _}) -> size_of(Key) end, Records).

is_foreign({Key, _}) -> is_map(Key).

with_curves(Curves, Pairs) ->
    [P || Curve <- Curves, {Key, _} = P <- Pairs, curve(Key, undefined) =:= Curve].

sort_by(Fun, Pairs) ->
    [P || {_, P} <- lists:keysort(1, [{Fun(P), P} || P <- Pairs])].

%% The smaller modulus first; of one modulus, the PSS parameters with the larger hash.
size_of({#'RSAPrivateKey'{modulus = N}, #'RSASSA-PSS-params'{hashAlgorithm = #'HashAlgorithm'{algorithm = Oid}}}) ->
    {N, hash_rank(public_key:pkix_hash_type(Oid))};
size_of(#'RSAPrivateKey'{modulus = N}) -> {N, 0};
size_of(#'DSAPrivateKey'{q = Q}) -> {Q, 0};
size_of(_) -> {0, 0}.

hash_rank(sha512) -> 0;
hash_rank(sha384) -> 1;
hash_rank(sha256) -> 2;
hash_rank(_) -> 3.

%%--------------------------------------------------------------------------------------------------------------------
%% Signatures
%%--------------------------------------------------------------------------------------------------------------------

%% Signs a message with a scheme. Raises what public_key, crypto or the fun raises; `error`: a fun's answer is none.
-spec sign(private(), ssl_algorithms:scheme() | {md5sha, rsa}, binary()) -> {ok, binary()} | error.
sign(Key, {md5sha, rsa}, Message) ->
    case encrypt(Key, md5_sha1(Message)) of
        Signature when is_binary(Signature) -> {ok, Signature};
        _ -> error
    end;
sign(Key, Scheme, Message) ->
    {Hash, Sign, _} = ssl_algorithms:components(Scheme),
    case sign(Key, Hash, Sign, Message) of
        Signature when is_binary(Signature) -> {ok, Signature};
        _ -> error
    end.

sign(#{engine := _, algorithm := Algorithm} = Key, Hash, Sign, Message) ->
    crypto:sign(Algorithm, Hash, Message, maps:remove(algorithm, Key), options(Sign, Hash));
sign(#{sign_fun := Fun, algorithm := Sign} = Key, Hash, Sign, Message) ->
    Fun(Message, Hash, maps:get(sign_opts, Key, []) ++ options(Sign, Hash));
sign(#{sign_fun := Fun}, Hash, Sign, Message) ->
    Fun(Message, Hash, options(Sign, Hash));
%% Either half of the key may be missing, and then is empty.
sign({'ML-DSAPrivateKey', Algorithm, Seed, Expanded}, _, _, Message) ->
    crypto:sign(Algorithm, none, Message, case Seed of
                                              <<_, _/binary>> -> {seed, Seed};
                                              _ -> {expandedkey, Expanded}
                                          end);
sign(Key, _, slhdsa, Message) ->
    public_key:sign(Message, none, Key);
%% Releases before 27 take the parameters of an RSA-PSS key in the options only.
sign({#'RSAPrivateKey'{} = Key, #'RSASSA-PSS-params'{}}, Hash, Sign, Message) ->
    public_key:sign(Message, Hash, Key, options(Sign, Hash));
sign(Key, Hash, Sign, Message) ->
    public_key:sign(Message, Hash, Key, options(Sign, Hash)).

options(Sign, Hash) when Sign =:= rsa_pss_rsae; Sign =:= rsa_pss_pss ->
    %% RFC 8446 section 4.2.3: the salt is as long as the digest.
    [{rsa_padding, rsa_pkcs1_pss_padding}, {rsa_pss_saltlen, digest_size(Hash)}, {rsa_mgf1_md, Hash}];
options(_, _) ->
    [].

%% RFC 4346 section 7.4.3: PKCS#1 v1.5 around both digests, without DigestInfo.
encrypt(#{engine := _} = Key, Digest) ->
    crypto:private_encrypt(rsa, Digest, maps:remove(algorithm, Key), rsa_pkcs1_padding);
encrypt(#{encrypt_fun := Fun} = Key, Digest) when is_function(Fun) ->
    Fun(Digest, maps:get(encrypt_opts, Key, []) ++ [{rsa_pad, rsa_pkcs1_padding}]);
encrypt(#'RSAPrivateKey'{} = Key, Digest) ->
    public_key:encrypt_private(Digest, Key, [{rsa_pad, rsa_pkcs1_padding}]);
encrypt(_, _) ->
    error.

md5_sha1(Message) ->
    <<(crypto:hash(md5, Message))/binary, (crypto:hash(sha, Message))/binary>>.

digest_size(sha256) -> 32;
digest_size(sha384) -> 48;
digest_size(sha512) -> 64.

%% Is this a signature of the message, made with this scheme by the key of the certificate?
-spec verify(ssl_algorithms:scheme() | {md5sha, rsa}, Cert :: binary(), Message :: binary(), Signature :: binary()) -> boolean().
verify(Scheme, Cert, Message, Signature) ->
    try
        Info = public_info(public_key:pkix_decode_cert(Cert, otp)),
        #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = Oid, parameters = Parameters},
                                   subjectPublicKey = Public} = Info,
        case Scheme of
            {md5sha, rsa} ->
                #'RSAPublicKey'{} = Public,
                md5_sha1(Message) =:= public_key:decrypt_public(Signature, Public, [{rsa_pad, rsa_pkcs1_padding}]);
            _ ->
                {Hash, Sign, Curve} = ssl_algorithms:components(Scheme),
                case public_key(Sign, Curve, Scheme, Oid, Parameters, Public, Info) of
                    mismatch -> false;
                    {Digest, Key} -> public_key:verify(Message, Digest, Signature, Key, options(Sign, Hash))
                end
        end
    catch
        error:_ -> false
    end.

%% The key in public_key's form, if the scheme is one of its.
public_key(eddsa, Curve, _, Oid, _, Public, Info) ->
    case public_curve(Info) of
        Curve -> {none, {Public, {namedCurve, Oid}}};
        _ -> mismatch
    end;
%% Before TLS 1.3 ECDSA is not bound to a curve.
public_key(ecdsa, undefined, {Hash, _}, ?'id-ecPublicKey', Parameters, Public, _) ->
    {Hash, {Public, Parameters}};
public_key(dsa, _, {Hash, _}, ?'id-dsa', {params, Parameters}, Public, _) ->
    {Hash, {Public, Parameters}};
public_key(rsa, _, {Hash, _}, ?rsaEncryption, _, #'RSAPublicKey'{} = Public, _) ->
    {Hash, Public};
public_key(ecdsa, Curve, Scheme, ?'id-ecPublicKey', Parameters, Public, Info) ->
    case public_curve(Info) of
        Curve -> {element(1, ssl_algorithms:components(Scheme)), {Public, Parameters}};
        _ -> mismatch
    end;
public_key(Sign, _, Scheme, Oid, _, #'RSAPublicKey'{} = Public, _)
  when Oid =:= ?rsaEncryption andalso (Sign =:= rsa_pss_rsae orelse Sign =:= rsa_pkcs1);
       Oid =:= ?'id-RSASSA-PSS' andalso Sign =:= rsa_pss_pss ->
    {element(1, ssl_algorithms:components(Scheme)), Public};
public_key(_, _, Scheme, _, _, {Record, Scheme, _} = Public, _)
  when Record =:= 'ML-DSAPublicKey'; Record =:= 'SLH-DSAPublicKey' ->
    {none, Public};
public_key(_, _, _, _, _, _, _) ->
    mismatch.

%%--------------------------------------------------------------------------------------------------------------------
%% Key exchange with the key of a certificate
%%--------------------------------------------------------------------------------------------------------------------

%% What the core finds a premaster secret in: the whole encoded message, its padding untouched, which only the core looks
%% at, in constant time. An engine takes the padding off by itself. `<<>>`: it did not work, which the core treats as it
%% treats every fault.
-spec decrypt(private(), binary()) -> binary().
decrypt(Key, Ciphertext) ->
    try decrypted(Key, Ciphertext)
    catch
        _:_ -> <<>>
    end.

decrypted(#'RSAPrivateKey'{} = Key, Ciphertext) ->
    public_key:decrypt_private(Ciphertext, Key, [{rsa_pad, rsa_no_padding}]);
decrypted(#{engine := _, algorithm := rsa} = Key, Ciphertext) ->
    crypto:private_decrypt(rsa, Ciphertext, maps:remove(algorithm, Key), [{rsa_pad, rsa_pkcs1_padding}]);
decrypted(_, _) ->
    <<>>.

%% Static ECDH (RFC 8422 section 2.1).
-spec agree(private(), Share :: binary()) -> {ok, Secret :: binary()} | error.
agree(#'ECPrivateKey'{privateKey = Private} = Key, Share) ->
    ssl_kx:agree_static(curve(Key, undefined), Private, Share);
agree(_, _) ->
    error.
