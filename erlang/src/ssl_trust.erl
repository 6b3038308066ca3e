%% Trust stores: the certificates of `cacerts` or `cacertfile`, parsed once, found again by their content, and shared
%% by all processes without copying.
%%
%% A store is a native object (for verification in the core) and, for public_key, two reference-counted binaries: the
%% certificates, and an index over them by issuer and serial number, and by subject. What a lookup finds is decoded
%% then; a handshake that needs this at all needs one or two certificates of perhaps 150.
-module(ssl_trust).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-include_lib("public_key/include/public_key.hrl").
-include_lib("kernel/include/logger.hrl").

-export([empty/0, from_list/1, from_file/1, store/1, size/1, digest/1]).
-export([by_id/3, issuers/2, names/1, member/2]).
-export([file_identity/1, changed/2]).

-export_type([trust/0, identity/0]).

-record(trust, {store :: ssl_native:store() | undefined,
                index = <<>> :: binary(),
                certs = <<>> :: binary(),
                digest = <<>> :: binary()}).

-opaque trust() :: #trust{}.

%% Which file, and as of when. One that changed so recently that it may change again without the clock of the file
%% system telling goes by its content.
-type identity() :: {Stat :: tuple(), stable | {content, binary()}}.

%% Index entry: hash of issuer and serial, hash of subject, offset and length of the certificate.
-define(ENTRY(Id, Subject, Offset, Length), Id:32, Subject:32, Offset:32, Length:32).
-define(SETTLED, 2).

-spec empty() -> trust().
empty() -> #trust{}.

%% The native object.
-spec store(trust()) -> ssl_native:store() | undefined.
store(#trust{store = Store}) -> Store.

%% Number of certificates.
-spec size(trust()) -> non_neg_integer().
size(#trust{index = Index}) -> byte_size(Index) div 16.

%% The same for the same certificates in the same order.
-spec digest(trust()) -> binary().
digest(#trust{digest = Digest}) -> Digest.

%% The value of `cacerts`. What cannot be decoded is left out.
-spec from_list([term()]) -> trust().
from_list(List) ->
    Certs = [C || C <- List, is_binary(C) orelse is_record(C, cert)],
    {ok, Store, _} = ssl_native:trust_store(Certs),
    case ssl_material_cache:find({trust, Store}) of
        {ok, Trust} -> Trust;
        miss -> ssl_material_cache:store({trust, Store}, build(Store, Certs))
    end.

%% The file of `cacertfile`, and as of when it is. Looked at once in a second at most, as those of listeners are: where
%% connections are many, the look would be a large part of what one costs.
-spec from_file(binary()) -> {ok, trust(), identity()} | {error, file:posix() | badarg}.
from_file(File) ->
    Second = erlang:monotonic_time(second),
    case ssl_material_cache:find({looked, File}) of
        {ok, {Second, Trust, Identity}} ->
            {ok, Trust, Identity};
        _ ->
            case look(File) of
                {ok, Trust, Identity} ->
                    {_, _, _} = ssl_material_cache:store({looked, File}, {Second, Trust, Identity}),
                    {ok, Trust, Identity};
                Error ->
                    Error
            end
    end.

look(File) ->
    case file_identity(File) of
        {ok, Identity} ->
            Key = {trust, File, Identity},
            case ssl_material_cache:find(Key) of
                {ok, Trust} ->
                    {ok, Trust, Identity};
                miss ->
                    case read(File) of
                        {ok, Trust} -> {ok, ssl_material_cache:store(Key, Trust), Identity};
                        Error -> Error
                    end
            end;
        Error ->
            Error
    end.

read(File) ->
    case file:read_file(File) of
        {ok, Pem} -> {ok, from_list([Der || {'Certificate', Der, not_encrypted} <- public_key:pem_decode(Pem)])};
        Error -> Error
    end.

%% Device, inode, size and times of a file, with its content where they do not tell enough.
-spec file_identity(file:name_all()) -> {ok, identity()} | {error, file:posix() | badarg}.
file_identity(File) ->
    case prim_file:read_file_info(File, [{time, posix}]) of
        {ok, Info} ->
            %% #file_info{}: size, type, access, atime, mtime, ctime, mode, links, major_device, minor_device, inode
            {file_info, Size, _, _, _, Mtime, Ctime, _, _, Major, _, Inode, _, _} = Info,
            Stat = {Major, Inode, Size, Mtime, Ctime},
            case erlang:system_time(second) - max(Mtime, Ctime) > ?SETTLED of
                true -> {ok, {Stat, stable}};
                false -> {ok, {Stat, content(File)}}
            end;
        {error, _} = Error ->
            Error
    end.

%% Not by the file server: every connection made soon after a change comes here, and that is one process.
content(File) ->
    case prim_file:read_file(File) of
        {ok, Bytes} -> {content, crypto:hash(sha256, Bytes)};
        {error, _} -> {content, <<>>}
    end.

%% Has the file changed since? One that is gone has not.
-spec changed(file:name_all(), identity()) -> boolean().
changed(File, {Stat, How}) ->
    case file_identity(File) of
        {ok, {Stat, How}} -> false;
        {ok, {Stat, stable} = Settled} ->
            %% Known by its content then. What has settled changes no more without these numbers telling: once it was
            %% found to be the same, they do.
            Key = {same, File, Settled, How},
            case ssl_material_cache:find(Key) of
                {ok, true} -> false;
                miss -> content(File) =/= How orelse not ssl_material_cache:store(Key, true)
            end;
        {ok, _} -> true;
        {error, _} -> false
    end.

build(Store, Certs) ->
    {Index, Ders, _} = lists:foldl(fun add/2, {[], [], 0}, Certs),
    %% The last of several with the same issuer and serial number counts.
    Bytes = iolist_to_binary(lists:reverse(Ders)),
    #trust{store = Store, index = iolist_to_binary(Index), certs = Bytes, digest = crypto:hash(sha256, Bytes)}.

add(Cert, {Index, Ders, Offset} = Acc) ->
    try decoded(Cert) of
        #cert{der = Der, otp = Otp} ->
            Length = byte_size(Der),
            {Serial, Issuer} = id(Otp),
            Id = hash({Serial, Issuer}),
            Subject = hash(loose(subject(Otp))),
            Entry = <<?ENTRY(Id, Subject, Offset, Length)>>,
            {[Entry | Index], [Der | Ders], Offset + Length}
    catch
        error:_ ->
            ?LOG_NOTICE("SSL WARNING: Ignoring a CA cert as it could not be correctly decoded.~n"),
            Acc
    end.

decoded(#cert{} = Cert) -> Cert;
decoded(Der) -> #cert{der = Der, otp = public_key:pkix_decode_cert(Der, otp)}.

hash(Term) -> erlang:phash2(Term, 1 bsl 32).

id(#'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{serialNumber = Serial, issuer = Issuer}}) ->
    {Serial, public_key:pkix_normalize_name(Issuer)}.

subject(#'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{subject = Subject}}) -> Subject.

issuer(#'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{issuer = Issuer}}) -> Issuer.

%% Names that public_key takes for equal are equal in this form (and some others, which public_key then tells apart):
%% it ignores the kind of string, case and white space.
loose({rdnSequence, Rdns}) ->
    [[{Type, loose_text(Value)} || {'AttributeTypeAndValue', Type, Value} <- Rdn] || Rdn <- Rdns].

loose_text({_, Text}) -> loose_text(Text);
loose_text(Text) ->
    try string:casefold(lists:append(string:lexemes(unicode:characters_to_list(Text), " \t\r\n")))
    catch error:_ -> Text
    end.

%% The certificate with this serial number and (normalized) issuer.
-spec by_id(integer(), public_key:issuer_name(), trust()) -> {ok, #cert{}} | undefined.
by_id(Serial, Issuer, #trust{index = Index} = Trust) ->
    Hash = hash({Serial, Issuer}),
    Found = [Cert || <<?ENTRY(Id, _, Offset, Length)>> <= Index, Id =:= Hash,
                     Cert <- [cert(Offset, Length, Trust)], id(Cert#cert.otp) =:= {Serial, Issuer}],
    case Found of
        [Cert | _] -> {ok, Cert};
        [] -> undefined
    end.

%% Those whose subject is the issuer of a certificate.
-spec issuers(#'OTPCertificate'{}, trust()) -> [#cert{}].
issuers(Otp, #trust{index = Index} = Trust) ->
    Hash = hash(loose(issuer(Otp))),
    [Cert || <<?ENTRY(_, Subject, Offset, Length)>> <= Index, Subject =:= Hash,
             Cert <- [cert(Offset, Length, Trust)], public_key:pkix_is_issuer(Otp, Cert#cert.otp)].

cert(Offset, Length, #trust{certs = Certs}) ->
    decoded(binary:copy(binary:part(Certs, Offset, Length))).

%% Is exactly this certificate in the store?
-spec member(#cert{}, trust()) -> boolean().
member(#cert{der = Der, otp = Otp}, Trust) ->
    {Serial, Issuer} = id(Otp),
    case by_id(Serial, Issuer, Trust) of
        {ok, #cert{der = Der}} -> true;
        _ -> false
    end.

%% Subjects as DER, each once, for certificate_authorities.
-spec names(trust()) -> [binary()].
names(#trust{index = Index, certs = Certs}) ->
    Ders = [binary:part(Certs, Offset, Length) || <<?ENTRY(_, _, Offset, Length)>> <= Index],
    lists:reverse(lists:foldl(fun(Der, Acc) ->
                                      case ssl_der:subject(Der) of
                                          {ok, Name} -> [binary:copy(Name) | lists:delete(Name, Acc)];
                                          error -> Acc
                                      end
                              end, [], Ders)).
