%% Certificates for tests, made to order: every field that a test may want to get wrong.
-module(certificate_maker).

-include_lib("public_key/include/public_key.hrl").

-export([ca/2, leaf/3, make/1, der/1, key/1, chain/1, tampered/1, name/1, resigned/2]).
-export([basic/1, basic/2, usage/1, purpose/1, purpose/2, alt_names/1, extension/3]).

%% A made certificate: DER, private key, DER name, and the issuer (a made one, or itself).
-type made() :: #{der := binary(), otp := #'OTPCertificate'{}, key := tuple(), issuer := made() | self}.
-export_type([made/0]).

%% A root (Issuer: self) or intermediate with the usual extensions.
ca(Name, Issuer) when not is_map(Name) ->
    ca(#{name => Name}, Issuer);
ca(Spec, Issuer) ->
    make(maps:merge(#{issuer => Issuer, extensions => [basic(true), usage([keyCertSign, cRLSign])]}, Spec)).

%% An end entity's certificate for host names.
leaf(Hosts, Issuer, Spec) ->
    make(maps:merge(#{name => "peer", issuer => Issuer,
                      extensions => [usage([digitalSignature]), alt_names([{dNSName, H} || H <- Hosts])]}, Spec)).

-spec make(map()) -> made().
make(#{name := Name, issuer := Issuer} = Spec) ->
    {Public, Key} = case maps:get(key, Spec, key(p256)) of
                        {{Record, _, _} = P, K0} when Record =:= 'ML-DSAPublicKey'; Record =:= 'SLH-DSAPublicKey' -> {P, K0};
                        K0 -> {K0, K0}
                    end,
    {IssuerName, IssuerKey} =
        case Issuer of
            self -> {maps:get(issuer_name, Spec, name(Name)), Key};
            #{otp := #'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{subject = S}}, key := K} -> {S, K}
        end,
    {From, To} = maps:get(days, Spec, {-10, 1000}),
    Tbs = #'OTPTBSCertificate'{
             version = v3,
             serialNumber = maps:get(serial, Spec, rand:uniform(1 bsl 60)),
             signature = algorithm(IssuerKey, maps:get(digest, Spec, sha256)),
             issuer = IssuerName,
             validity = #'Validity'{notBefore = time(From), notAfter = time(To)},
             subject = name(Name),
             subjectPublicKeyInfo = public(Public),
             extensions = maps:get(extensions, Spec, [])},
    Der = public_key:pkix_sign(Tbs, IssuerKey),
    #{der => Der, otp => public_key:pkix_decode_cert(Der, otp), key => Key, issuer => Issuer}.

%% How public_key wants the parameters of RSA, which are NULL on the wire.
-if(?OTP_RELEASE >= 28).
-define(NO_PARAMETERS, asn1_NOVALUE).
-else.
-define(NO_PARAMETERS, 'NULL').
-endif.

%% The same certificate, signed by another key of the issuer's name.
resigned(#{otp := #'OTPCertificate'{tbsCertificate = Tbs}} = Made, IssuerKey) ->
    Der = public_key:pkix_sign(Tbs, IssuerKey),
    Made#{der := Der, otp := public_key:pkix_decode_cert(Der, otp)}.

%% With a wrong signature.
tampered(#{der := Der} = Made) ->
    Size = byte_size(Der) - 1,
    <<Front:Size/binary, Last>> = Der,
    New = <<Front/binary, (Last bxor 1)>>,
    Made#{der := New, otp := public_key:pkix_decode_cert(New, otp)}.

der(#{der := Der}) -> Der.

%% The certificate and its issuers without the root.
chain(#{issuer := self}) -> [];
chain(#{der := Der, issuer := Issuer}) -> [Der | chain(Issuer)].

key(p256) -> public_key:generate_key({namedCurve, secp256r1});
key(p384) -> public_key:generate_key({namedCurve, secp384r1});
key(ed25519) -> public_key:generate_key({namedCurve, ed25519});
key(ed448) -> public_key:generate_key({namedCurve, ed448});
key({curve, Curve}) -> public_key:generate_key({namedCurve, Curve});
key({rsa, Bits}) -> public_key:generate_key({rsa, Bits, 65537});
%% With the public key, which the private one does not hold.
key(PostQuantum) -> public_key:generate_key(PostQuantum).

public({_, Algorithm, _} = Key) when element(1, Key) =:= 'ML-DSAPublicKey'; element(1, Key) =:= 'SLH-DSAPublicKey' ->
    #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = post_quantum_oid(Algorithm), parameters = asn1_NOVALUE},
                               subjectPublicKey = Key};
public(#'RSAPrivateKey'{modulus = N, publicExponent = E}) ->
    #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = ?rsaEncryption, parameters = ?NO_PARAMETERS},
                               subjectPublicKey = #'RSAPublicKey'{modulus = N, publicExponent = E}};
public(#'ECPrivateKey'{parameters = {namedCurve, Oid}, publicKey = Public})
  when Oid =:= ?'id-Ed25519'; Oid =:= ?'id-Ed448' ->
    #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = Oid, parameters = asn1_NOVALUE},
                               subjectPublicKey = #'ECPoint'{point = Public}};
public(#'ECPrivateKey'{parameters = Parameters, publicKey = Public}) ->
    #'OTPSubjectPublicKeyInfo'{algorithm = #'PublicKeyAlgorithm'{algorithm = ?'id-ecPublicKey', parameters = Parameters},
                               subjectPublicKey = #'ECPoint'{point = Public}}.

algorithm(#'RSAPrivateKey'{}, pss) ->
    Hash = #'HashAlgorithm'{algorithm = ?'id-sha256', parameters = 'NULL'},
    #'SignatureAlgorithm'{algorithm = ?'id-RSASSA-PSS',
                          parameters = #'RSASSA-PSS-params'{
                                          hashAlgorithm = Hash,
                                          maskGenAlgorithm = #'MaskGenAlgorithm'{algorithm = ?'id-mgf1', parameters = Hash},
                                          saltLength = 32, trailerField = 1}};
algorithm(#'RSAPrivateKey'{}, Digest) ->
    #'SignatureAlgorithm'{algorithm = case Digest of
                                          sha -> ?sha1WithRSAEncryption;
                                          sha256 -> ?sha256WithRSAEncryption;
                                          sha512 -> ?sha512WithRSAEncryption
                                      end, parameters = ?NO_PARAMETERS};
algorithm(#'ECPrivateKey'{parameters = {namedCurve, Oid}}, _) when Oid =:= ?'id-Ed25519'; Oid =:= ?'id-Ed448' ->
    #'SignatureAlgorithm'{algorithm = Oid, parameters = asn1_NOVALUE};
algorithm(#'ECPrivateKey'{}, Digest) ->
    #'SignatureAlgorithm'{algorithm = case Digest of
                                          sha -> ?'ecdsa-with-SHA1';
                                          sha256 -> ?'ecdsa-with-SHA256';
                                          sha384 -> ?'ecdsa-with-SHA384'
                                      end, parameters = asn1_NOVALUE}.

%% RFC 9881, RFC 9909.
post_quantum_oid(Algorithm) ->
    {_, N} = lists:keyfind(Algorithm, 1, [{mldsa44, 17}, {mldsa65, 18}, {mldsa87, 19}, {slh_dsa_sha2_128f, 21}]),
    {2, 16, 840, 1, 101, 3, 4, 3, N}.

%% Days from now.
time(Days) ->
    {{Y, M, D}, {H, Min, S}} =
        calendar:gregorian_seconds_to_datetime(calendar:datetime_to_gregorian_seconds(calendar:universal_time()) + Days * 86400),
    {generalTime, lists:flatten(io_lib:format("~4..0b~2..0b~2..0b~2..0b~2..0b~2..0bZ", [Y, M, D, H, Min, S]))}.

name({rdnSequence, _} = Name) -> Name;
name(Text) ->
    {rdnSequence, [[#'AttributeTypeAndValue'{type = ?'id-at-countryName', value = "SE"}],
                   [#'AttributeTypeAndValue'{type = ?'id-at-commonName', value = {utf8String, unicode:characters_to_binary(Text)}}]]}.

basic(Ca) -> basic(Ca, asn1_NOVALUE).
basic(Ca, PathLength) ->
    extension(?'id-ce-basicConstraints', true, #'BasicConstraints'{cA = Ca, pathLenConstraint = PathLength}).
usage(Uses) -> extension(?'id-ce-keyUsage', true, Uses).
purpose(Uses) -> purpose(Uses, false).
purpose(Uses, Critical) -> extension(?'id-ce-extKeyUsage', Critical, Uses).
alt_names(Names) -> extension(?'id-ce-subjectAltName', false, Names).
extension(Oid, Critical, Value) -> #'Extension'{extnID = Oid, critical = Critical, extnValue = Value}.
