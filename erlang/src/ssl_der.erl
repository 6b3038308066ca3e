%% The few fields of a certificate that are wanted as the bytes they came in (RFC 5280 section 4.1), without decoding the
%% rest of it.
-module(ssl_der).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([names/1, subject/1]).

-define(INTEGER, 16#02).
-define(SEQUENCE, 16#30).
-define(EXPLICIT_VERSION, 16#A0).

%% Issuer and subject of a certificate, each as DER of a Name.
-spec names(Cert :: binary()) -> {ok, Issuer :: binary(), Subject :: binary()} | error.
names(Cert) ->
    %% Certificate ::= SEQUENCE { tbsCertificate, ... }
    %% TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, subject, ... }
    try
        {?SEQUENCE, _, Certificate, _} = element(Cert),
        {?SEQUENCE, _, Tbs, _} = element(Certificate),
        AfterVersion = case element(Tbs) of
                           {?EXPLICIT_VERSION, _, _, Rest} -> Rest;
                           _ -> Tbs
                       end,
        {?INTEGER, _, _, AfterSerial} = element(AfterVersion),
        {?SEQUENCE, _, _, AfterAlgorithm} = element(AfterSerial),
        {?SEQUENCE, Issuer, _, AfterIssuer} = element(AfterAlgorithm),
        {?SEQUENCE, _, _, AfterValidity} = element(AfterIssuer),
        {?SEQUENCE, Subject, _, _} = element(AfterValidity),
        {ok, Issuer, Subject}
    catch
        error:_ -> error
    end.

%% The subject alone.
-spec subject(Cert :: binary()) -> {ok, binary()} | error.
subject(Cert) ->
    case names(Cert) of
        {ok, _, Subject} -> {ok, Subject};
        error -> error
    end.

%% Tag, whole element, its content, and what follows.
element(<<Tag, 0:1, Length:7, Content:Length/binary, Rest/binary>> = Bytes) ->
    {Tag, binary:part(Bytes, 0, 2 + Length), Content, Rest};
element(<<Tag, 1:1, N:7, LengthBytes:N/binary, Tail/binary>> = Bytes) when N >= 1, N =< 4 ->
    Length = binary:decode_unsigned(LengthBytes),
    <<Content:Length/binary, Rest/binary>> = Tail,
    {Tag, binary:part(Bytes, 0, 2 + N + Length), Content, Rest}.
