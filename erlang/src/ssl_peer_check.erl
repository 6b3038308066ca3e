%% Is a peer's certificate good? The path validation is public_key's (RFC 5280 section 6); here is what TLS adds to
%% it: purposes (RFC 5280 section 4.2.1.12), signature algorithms (RFC 8446 section 4.4.2.2), the host name (RFC 9525,
%% by public_key), the user's verify_fun, and what is told to the peer and the user when it is not good.
-module(ssl_peer_check).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-include_lib("public_key/include/public_key.hrl").

-export([check/3, alert/3]).

-export_type([settings/0, server_name/0]).

-type server_name() :: string() | inet:ip_address() | disable | undefined.
-type settings() ::
        #{role := client | server,
          server_name := server_name(),
          depth := non_neg_integer(),
          verify_fun := {fun(), term()} | undefined,
          partial_chain := ssl_chain:partial_chain(),
          customize_hostname_check := [term()],
          cert_policy_opts := [term()],
          allow_any_ca_purpose := boolean(),
          %% Schemes by which certificates may be signed; before TLS 1.2 nobody said.
          cert_algs := [0..16#ffff] | any}.

%% Alternative anchors tried for one chain.
-define(MAX_ROUNDS, 20).

-define(BAD_CERTIFICATE, 42).
-define(UNSUPPORTED_CERTIFICATE, 43).
-define(CERTIFICATE_REVOKED, 44).
-define(CERTIFICATE_EXPIRED, 45).
-define(CERTIFICATE_UNKNOWN, 46).
-define(UNKNOWN_CA, 48).
-define(INTERNAL_ERROR, 80).
-define(HANDSHAKE_FAILURE, 40).

%% Judges a chain, peer's certificate first. An error is the code of the alert and what explains it.
-spec check([binary(), ...], ssl_trust:trust(), settings()) -> ok | {error, Alert :: byte(), Details :: term()}.
check(Chain, Trust, #{depth := Depth} = Settings) ->
    case ssl_chain:decode(Chain, Depth) of
        {ok, [Peer | _] = Certs} ->
            try try_paths(paths(Certs, Trust, Settings), Trust, Peer, Settings) of
                ok -> ok;
                {error, Reason} ->
                    {Alert, Details} = alert(Reason, maps:get(server_name, Settings), Peer#cert.otp),
                    {error, Alert, Details}
            catch
                error:Reason -> {error, ?INTERNAL_ERROR, {unexpected_error, Reason}};
                exit:Reason -> {error, ?INTERNAL_ERROR, {unexpected_error, Reason}};
                throw:Reason -> {error, ?INTERNAL_ERROR, {unexpected_error, Reason}}
            end;
        {error, Reason} ->
            {error, ?CERTIFICATE_UNKNOWN, {failed_to_decode_certificate, Reason}}
    end.

paths(Certs, Trust, #{partial_chain := Partial}) ->
    ssl_chain:paths(Certs, Trust, Partial).

%% The first path that is good. What failed with an expired or unknown root is tried with another root; when all fail,
%% an expired root is told before an unknown one.
try_paths(Paths, Trust, Peer, Settings) ->
    try_paths(Paths, {error, {bad_cert, unknown_ca}}, [], ?MAX_ROUNDS, Trust, Peer, Settings).

try_paths(Paths, Error, _, Rounds, _, _, _) when Paths =:= []; Rounds =:= 0 ->
    case Error of
        {error, {bad_cert, root_cert_expired}} -> {error, {bad_cert, cert_expired}};
        _ -> Error
    end;
try_paths([{Anchor, Path} | Rest], Error, Tried, Rounds, Trust, Peer, Settings) ->
    case validate(Anchor, Path, Peer, Settings) of
        {error, {bad_cert, root_cert_expired}} = Expired ->
            try_other(Path, Rest, Expired, tried(Anchor, Tried), Rounds, Trust, Peer, Settings);
        {error, {bad_cert, unknown_ca}} = Unknown ->
            Worse = case Error of
                        {error, {bad_cert, root_cert_expired}} -> Error;
                        _ -> Unknown
                    end,
            try_other(Path, Rest, Worse, tried(Anchor, Tried), Rounds, Trust, Peer, Settings);
        {error, _} when Rest =/= [] ->
            try_paths(Rest, Error, Tried, Rounds - 1, Trust, Peer, Settings);
        Result ->
            Result
    end.

try_other(Path, Rest, Error, Tried, Rounds, Trust, Peer, Settings) ->
    Paths = case ssl_chain:other_anchor(Path, Trust, Tried) of
                undefined -> Rest;
                Other -> [Other | Rest]
            end,
    try_paths(Paths, Error, Tried, Rounds - 1, Trust, Peer, Settings).

tried(#cert{der = Der}, Tried) -> [Der | Tried];
tried(_, Tried) -> Tried.

%%--------------------------------------------------------------------------------------------------------------------
%% Events of the path validation
%%--------------------------------------------------------------------------------------------------------------------

validate(Anchor, Path, Peer, #{depth := Depth, cert_policy_opts := Policies} = Settings) ->
    {Fun, State} = events(Anchor, Path, Peer, Settings),
    case public_key:pkix_path_validation(trusted(Anchor), Path,
                                         [{max_path_length, Depth}, {verify_fun, {Fun, State}} | Policies]) of
        {ok, _} -> ok;
        {error, _} = Error -> Error
    end.

trusted(#cert{otp = Otp}) -> Otp;
trusted(Why) -> Why.

%% The fun that public_key calls, of the arity that every release knows.
events(Anchor, _, #cert{otp = Peer}, #{verify_fun := undefined} = Settings) ->
    Root = trusted(Anchor),
    {fun(Cert, Event, State) ->
             case judge(Cert, Event, Root, Peer, Settings) of
                 ok -> {valid, State};
                 unknown -> {unknown, State};
                 {bad_cert, _} = Reason -> {fail, Reason}
             end
     end, []};
events(Anchor, Path, #cert{otp = Peer}, #{verify_fun := {User, State}} = Settings) ->
    Ders = ders(Anchor, Path),
    {fun(Cert, {bad_cert, _} = Event, S) ->
             %% Errors are the user's to judge, an expired root too.
             ask(User, Cert, Ders, Event, S);
        (Cert, {extension, _} = Event, S) ->
             case judge(Cert, Event, undefined, Peer, Settings) of
                 ok -> {valid, S};
                 unknown -> ask(User, Cert, Ders, Event, S);
                 {bad_cert, _} = Reason -> ask(User, Cert, Ders, as_told(Reason, Path), S)
             end;
        (Cert, Event, S) ->
             %% `valid` and `valid_peer` reach the user only if TLS has no objection.
             Told = case judge(Cert, Event, undefined, Peer, Settings) of
                        ok -> Event;
                        {bad_cert, _} = Reason -> Reason
                    end,
             case ask(User, Cert, Ders, Told, S) of
                 {unknown, _} -> error({verify_fun, unknown_is_no_answer_to, Event});
                 Answer -> Answer
             end
     end, State}.

%% OTP tells a verify_fun of wrong purposes under the name for CA certificates whenever the path has any.
as_told({bad_cert, {invalid_ext_keyusage, Uses}}, [_, _ | _]) -> {bad_cert, {ca_invalid_ext_keyusage, Uses}};
as_told(Reason, _) -> Reason.

ask(User, Cert, Ders, Event, State0) ->
    Answer = if
                 is_function(User, 4) -> User(Cert, der(Cert, Ders), Event, State0);
                 true -> User(Cert, Event, State0)
             end,
    case Answer of
        {valid, State} -> {valid, State};
        {valid_peer, State} -> {valid, State};
        {unknown, State} -> {unknown, State};
        {fail, _} = Fail -> Fail
    end.

ders(#cert{} = Anchor, Path) -> [Anchor | Path];
ders(_, Path) -> Path.

der(Otp, Certs) ->
    case lists:keyfind(Otp, #cert.otp, Certs) of
        #cert{der = Der} -> Der;
        false -> public_key:pkix_encode('OTPCertificate', Otp, otp)
    end.

%% What TLS says to an event: ok, unknown (not its business), or an objection.
judge(Cert, {extension, #'Extension'{extnID = ?'id-ce-extKeyUsage', extnValue = Uses}}, _, Peer, Settings) ->
    purpose(Cert =:= Peer, Uses, Settings);
judge(_, {extension, _}, _, _, _) ->
    unknown;
judge(Root, {bad_cert, cert_expired}, Root, _, _) ->
    {bad_cert, root_cert_expired};
judge(_, {bad_cert, _} = Reason, _, _, _) ->
    Reason;
judge(Cert, valid, _, _, Settings) ->
    case is_ca(Cert) of
        true -> signature(Cert, Settings);
        false -> {bad_cert, missing_basic_constraint}
    end;
judge(Cert, valid_peer, _, _, Settings) ->
    case name(Cert, Settings) of
        ok -> signature(Cert, Settings);
        Bad -> Bad
    end.

%% RFC 5280 section 4.2.1.9. public_key asks this too, but older releases let a certificate without the extension pass.
is_ca(Cert) ->
    case extension(?'id-ce-basicConstraints', Cert) of
        #'BasicConstraints'{cA = true} -> true;
        _ -> false
    end.

extension(Oid, #'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{extensions = Extensions}}) ->
    case is_list(Extensions) andalso lists:keyfind(Oid, #'Extension'.extnID, Extensions) of
        #'Extension'{extnValue = Value} -> Value;
        false -> undefined
    end.

purpose(IsPeer, Uses, #{role := Role, allow_any_ca_purpose := Any}) ->
    Wanted = case Role of
                 client -> ?'id-kp-serverAuth';
                 server -> ?'id-kp-clientAuth'
             end,
    case lists:member(Wanted, Uses) of
        true -> ok;
        false when IsPeer -> {bad_cert, {invalid_ext_keyusage, Uses}};
        false ->
            case Any andalso lists:member(?anyExtendedKeyUsage, Uses) of
                true -> ok;
                false -> {bad_cert, {ca_invalid_ext_keyusage, Uses}}
            end
    end.

name(_, #{role := server}) -> ok;
name(_, #{server_name := disable}) -> ok;
name(Cert, #{server_name := Name, customize_hostname_check := Customize}) ->
    %% RFC 9525 section 2: the common name is no host name (older releases of public_key look at it).
    Reference = reference(Name),
    case Reference =/= none andalso alt_names(Cert) =/= []
        andalso public_key:pkix_verify_hostname(Cert, [Reference], Customize) of
        true -> ok;
        false -> {bad_cert, hostname_check_failed}
    end.

reference(Address) when is_tuple(Address) -> {ip, Address};
reference(Name) when not is_list(Name) -> none;
reference(Name) ->
    case inet:parse_strict_address(Name) of
        {ok, Address} -> {ip, Address};
        {error, _} -> {dns_id, Name}
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Signature algorithms of certificates
%%--------------------------------------------------------------------------------------------------------------------

signature(_, #{cert_algs := any}) ->
    ok;
signature(#'OTPCertificate'{signatureAlgorithm = Algorithm}, #{cert_algs := Allowed}) ->
    Code = scheme(Algorithm),
    case lists:member(Code, Allowed) orelse lists:member(pss_for(Code), Allowed) of
        true -> ok;
        false -> {bad_cert, unsupported_signature}
    end.

%% PKCS#1 signatures are accepted where rsa_pss_rsae of the same hash is.
pss_for(16#0401) -> 16#0804;
pss_for(16#0501) -> 16#0805;
pss_for(16#0601) -> 16#0806;
pss_for(_) -> none.

%% Code point of the scheme that a certificate is signed with.
scheme(#'SignatureAlgorithm'{algorithm = ?'id-RSASSA-PSS',
                             parameters = #'RSASSA-PSS-params'{
                                             maskGenAlgorithm = #'MaskGenAlgorithm'{
                                                                   parameters = #'HashAlgorithm'{algorithm = Oid}}}}) ->
    case public_key:pkix_hash_type(Oid) of
        sha256 -> 16#0809;
        sha384 -> 16#080A;
        sha512 -> 16#080B;
        _ -> none
    end;
scheme(#'SignatureAlgorithm'{algorithm = Oid}) ->
    scheme_of(Oid).

scheme_of(?sha256WithRSAEncryption) -> 16#0401;
scheme_of(?sha384WithRSAEncryption) -> 16#0501;
scheme_of(?sha512WithRSAEncryption) -> 16#0601;
scheme_of(?'ecdsa-with-SHA256') -> 16#0403;
scheme_of(?'ecdsa-with-SHA384') -> 16#0503;
scheme_of(?'ecdsa-with-SHA512') -> 16#0603;
scheme_of(?'id-Ed25519') -> 16#0807;
scheme_of(?'id-Ed448') -> 16#0808;
scheme_of(?sha1WithRSAEncryption) -> 16#0201;
scheme_of(?'sha-1WithRSAEncryption') -> 16#0201;
scheme_of(?'ecdsa-with-SHA1') -> 16#0203;
scheme_of(?sha224WithRSAEncryption) -> 16#0301;
scheme_of(?'ecdsa-with-SHA224') -> 16#0303;
scheme_of(?'id-dsa-with-sha1') -> 16#0202;
%% id-ml-dsa-44, -65, -87 and id-slh-dsa-sha2-128s to id-slh-dsa-shake-256f (RFC 9881, RFC 9909).
scheme_of({2, 16, 840, 1, 101, 3, 4, 3, N}) when N >= 17, N =< 19 -> 16#0904 + (N - 17);
scheme_of({2, 16, 840, 1, 101, 3, 4, 3, N}) when N >= 20, N =< 31 -> 16#0911 + (N - 20);
scheme_of(_) -> none.

%%--------------------------------------------------------------------------------------------------------------------
%% Alerts
%%--------------------------------------------------------------------------------------------------------------------

%% The alert for a reason of rejection, and what to tell the user beside it (`undefined`: nothing).
-spec alert(Reason :: term(), server_name(), Peer :: #'OTPCertificate'{}) -> {Alert :: byte(), Details :: term()}.
alert({bad_cert, Reason}, Name, Peer) ->
    case Reason of
        cert_expired -> {?CERTIFICATE_EXPIRED, undefined};
        unknown_ca -> {?UNKNOWN_CA, undefined};
        {revoked, _} -> {?CERTIFICATE_REVOKED, undefined};
        {revocation_status_undetermined, Details} -> {?BAD_CERTIFICATE, Details};
        name_not_permitted -> {?BAD_CERTIFICATE, subject_alt_name_not_permitted};
        hostname_check_failed -> {?BAD_CERTIFICATE, {bad_cert, hostname_details(Name, Peer)}};
        invalid_ext_keyusage ->
            {?UNSUPPORTED_CERTIFICATE,
             {invalid_ext_keyusage, "a CA certificate's extended key usage is critical and anyExtendedKeyUsage"}};
        {invalid_ext_keyusage, Uses} -> {?UNSUPPORTED_CERTIFICATE, {invalid_ext_keyusage, purposes(Uses)}};
        {ca_invalid_ext_keyusage, Uses} -> {?UNSUPPORTED_CERTIFICATE, {ca_invalid_ext_keyusage, purposes(Uses)}};
        {key_usage_mismatch, _} -> {?UNSUPPORTED_CERTIFICATE, Reason};
        _ when Reason =:= unsupported_signature; Reason =:= unknown_critical_extension ->
            {?UNSUPPORTED_CERTIFICATE, Reason};
        _ when Reason =:= invalid_issuer; Reason =:= invalid_signature; Reason =:= selfsigned_peer;
               Reason =:= distinguished_name_not_permitted; Reason =:= policy_tree_exceeded ->
            {?BAD_CERTIFICATE, Reason};
        _ ->
            {?HANDSHAKE_FAILURE, {bad_cert, Reason}}
    end;
alert(Reason, _, _) ->
    {?HANDSHAKE_FAILURE, Reason}.

hostname_details(Name, Peer) ->
    case alt_names(Peer) of
        [] -> {hostname_check_failed, missing_subject_altnames};
        Names -> {hostname_check_failed, {requested, Name}, {received, Names}}
    end.

alt_names(Cert) ->
    case extension(?'id-ce-subjectAltName', Cert) of
        Names when is_list(Names) -> Names;
        _ -> []
    end.

purposes(Uses) -> lists:reverse([purpose_name(U) || U <- Uses]).

purpose_name(?'id-kp-serverAuth') -> "id-kp-serverAuth";
purpose_name(?'id-kp-clientAuth') -> "id-kp-clientAuth";
purpose_name(?'id-kp-OCSPSigning') -> "id-kp-OCSPSigning";
purpose_name(?'id-kp-timeStamping') -> "id-kp-timeStamping";
purpose_name(?'id-kp-emailProtection') -> "id-kp-emailProtection";
purpose_name(?'id-kp-codeSigning') -> "id-kp-codeSigning";
purpose_name(?anyExtendedKeyUsage) -> "anyExtendedKeyUsage";
purpose_name(Other) -> Other.
