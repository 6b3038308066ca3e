%% A TLS 1.3 peer for tests that keeps to the protocol (RFC 8446) except where a test makes it break it: every handshake
%% message passes through the test's `tamper` fun on its way out, and once connected any record can be sent under the right keys.
%%
%% One suite (TLS_AES_128_GCM_SHA256), one group (x25519), one signature scheme (ecdsa_secp256r1_sha256), no verification of the
%% other side. It shares no code with the library: crypto and public_key are all it uses.
-module(rogue_peer).

-include_lib("public_key/include/public_key.hrl").

-export([client/2, server/2, bare/1, items/2, send/3, send_update/2, raw/2, result/2, close/1, socket/1]).
-export([client_hello/1, message/2, vector/2, extension/2]).

-export_type([peer/0, item/0]).

-type item() :: {ContentType :: 0..255, Content :: iodata()}   % a record, sealed if there are keys
              | {raw, iodata()}                                % bytes as they are
              | {do, fun((peer()) -> peer())}.
-type options() :: #{tamper => fun((Name :: atom(), Message :: binary()) -> [item()]),
                     key => tuple(), chain => [binary()],      % of a server, and of a client that is asked
                     request => boolean(),                     % server: ask for a certificate
                     hello => map(),                           % client_hello/1
                     flight => [atom()]}.                      % messages of the encrypted flight, in the order to send
-opaque peer() :: map().

-define(HANDSHAKE, 22).
-define(TIMEOUT, 10000).

%% Handshakes as a client. What ended it: the other side's alert, the end of the transport, or our patience.
-spec client(gen_tcp:socket(), options()) -> {ok, peer()} | {alert, 0..255, 0..255} | closed | timeout.
client(Socket, Options) ->
    attempt(fun() -> client_handshake(new(Socket, Options)) end).

-spec server(gen_tcp:socket(), options()) -> {ok, peer()} | {alert, 0..255, 0..255} | closed | timeout.
server(Socket, Options) ->
    attempt(fun() -> server_handshake(new(Socket, Options)) end).

%% A peer that has not said anything, for what the other side says in the clear.
-spec bare(gen_tcp:socket()) -> peer().
bare(Socket) -> new(Socket, #{}).

%% Several records, or what else a tamper fun may give.
-spec items(peer(), [item()]) -> peer().
items(Peer, Items) -> lists:foldl(fun item/2, Peer, Items).

%% One record under the present keys.
-spec send(peer(), 0..255, iodata()) -> peer().
send(Peer, Type, Content) ->
    item({Type, Content}, Peer).

%% A KeyUpdate, and new keys after it.
-spec send_update(peer(), Value :: binary()) -> peer().
send_update(Peer, Value) ->
    #{write := {Secret, _, _, _}} = Sent = send(Peer, ?HANDSHAKE, message(24, Value)),
    Sent#{write := keys(expand(Secret, "traffic upd", <<>>, 32))}.

%% Bytes of no record of ours.
-spec raw(peer(), iodata()) -> peer().
raw(Peer, Bytes) ->
    item({raw, Bytes}, Peer).

%% Reads until the other side says how it ends; data and messages before are passed over.
-spec result(peer(), timeout()) -> {alert, 0..255, 0..255} | closed | timeout.
result(Peer, Timeout) ->
    attempt(fun() -> read_on(Peer#{timeout := Timeout}) end).

-spec close(peer()) -> ok.
close(#{socket := Socket}) -> gen_tcp:close(Socket).

-spec socket(peer()) -> gen_tcp:socket().
socket(#{socket := Socket}) -> Socket.

attempt(Fun) ->
    try Fun()
    catch throw:{ended, Why} -> Why
    end.

read_on(Peer) ->
    {_, _, Next} = record(Peer),
    read_on(Next).

new(Socket, Options) ->
    maps:merge(#{tamper => fun(_, Message) -> [{?HANDSHAKE, Message}] end, request => false, hello => #{},
                 socket => Socket, read => none, write => none, transcript => [], pending => <<>>, timeout => ?TIMEOUT}, Options).

%%--------------------------------------------------------------------------------------------------------------------
%% Handshakes
%%--------------------------------------------------------------------------------------------------------------------

client_handshake(#{hello := HelloOptions} = P0) ->
    {Public, Private} = crypto:generate_key(ecdh, x25519),
    P1 = say(client_hello, client_hello(HelloOptions#{share => Public}), P0),
    {<<2, _:24, 3, 3, _Random:32/binary, Size, _:Size/binary, _Suite:16, 0, _:16, Extensions/binary>> = Hello, P2} = message(P1),
    {_, <<29:16, 32:16, Theirs:32/binary>>} = lists:keyfind(51, 1, extensions(Extensions)),
    P3 = handshake_keys(crypto:compute_key(ecdh, Theirs, Private, x25519), heard(Hello, P2)),
    #{client_secret := ClientSecret, server_secret := ServerSecret} = P3,
    {Asked, P4} = server_flight(P3#{read := keys(ServerSecret), write := keys(ClientSecret)}, false),
    P5 = master_keys(P4),
    #{server_traffic := ServerTraffic, client_traffic := ClientTraffic} = P5,
    Default = case Asked of true -> [certificate, certificate_verify, finished]; false -> [finished] end,
    P6 = lists:foldl(fun own_message/2, P5#{read := keys(ServerTraffic), secret => ClientSecret, role => client},
                     maps:get(flight, P5, Default)),
    {ok, P6#{write := keys(ClientTraffic)}}.

%% EncryptedExtensions to Finished.
server_flight(P0, Asked) ->
    {<<Type, _/binary>> = Message, P1} = message(P0),
    case Type of
        20 -> {Asked, heard(Message, P1)};
        _ -> server_flight(heard(Message, P1), Asked orelse Type =:= 13)
    end.

server_handshake(#{request := Request} = P0) ->
    {<<1, _:24, 3, 3, _:32/binary, Size, Session:Size/binary, Suites:16, _:Suites/binary, 1, 0, _:16, Extensions/binary>> = Hello, P1} =
        message(P0),
    {_, <<_:16, Shares/binary>>} = lists:keyfind(51, 1, extensions(Extensions)),
    {_, Theirs} = lists:keyfind(29, 1, shares(Shares)),
    {Public, Private} = crypto:generate_key(ecdh, x25519),
    Own = message(2, [<<3, 3>>, crypto:strong_rand_bytes(32), vector(8, Session), <<16#1301:16, 0>>,
                      vector(16, [extension(43, <<3, 4>>), extension(51, [<<29:16>>, vector(16, Public)])])]),
    P2 = handshake_keys(crypto:compute_key(ecdh, Theirs, Private, x25519), say(server_hello, Own, heard(Hello, P1))),
    #{client_secret := ClientSecret, server_secret := ServerSecret} = P2,
    Default = [encrypted_extensions | [certificate_request || Request]] ++ [certificate, certificate_verify, finished],
    P3 = lists:foldl(fun own_message/2, P2#{read := keys(ClientSecret), write := keys(ServerSecret), secret => ServerSecret,
                                            role => server}, maps:get(flight, P2, Default)),
    #{client_traffic := ClientTraffic, server_traffic := ServerTraffic} = P4 = master_keys(P3),
    {_, P5} = server_flight(P4#{write := keys(ServerTraffic)}, false),
    {ok, P5#{read := keys(ClientTraffic)}}.

own_message(encrypted_extensions, P) ->
    say(encrypted_extensions, message(8, vector(16, [])), P);
own_message(certificate_request, P) ->
    say(certificate_request, message(13, [0, vector(16, [extension(13, vector(16, <<16#0403:16>>))])]), P);
own_message(certificate, #{chain := Chain} = P) ->
    say(certificate, message(11, [0, vector(24, [[vector(24, Der), vector(16, [])] || Der <- Chain])]), P);
own_message(certificate_verify, #{key := Key, role := Role} = P) ->
    Context = case Role of client -> "client"; server -> "server" end,
    Content = [binary:copy(<<$\s>>, 64), "TLS 1.3, ", Context, " CertificateVerify", 0, transcript(P)],
    say(certificate_verify, message(15, [<<16#0403:16>>, vector(16, public_key:sign(iolist_to_binary(Content), sha256, Key))]), P);
own_message(finished, #{secret := Secret} = P) ->
    say(finished, message(20, crypto:mac(hmac, sha256, expand(Secret, "finished", <<>>, 32), transcript(P))), P);
own_message(key_update, P) ->
    say(key_update, message(24, <<0>>), P).

%% A client's first message. Fields: share, versions, suites, extensions (further ones), all (instead of all).
-spec client_hello(map()) -> binary().
client_hello(Fields) ->
    Share = maps:get(share, Fields, <<9:256>>),
    Extensions = maps:get(all, Fields,
                          [extension(0, vector(16, [0, vector(16, "localhost")])),
                           extension(43, vector(8, [<<V:16>> || V <- maps:get(versions, Fields, [16#0304])])),
                           extension(10, vector(16, <<29:16>>)),
                           extension(13, vector(16, [<<S:16>> || S <- [16#0403, 16#0804, 16#0805, 16#0401]])),
                           extension(51, vector(16, [<<29:16>>, vector(16, Share)]))
                          | maps:get(extensions, Fields, [])]),
    message(1, [<<3, 3>>, crypto:strong_rand_bytes(32), vector(8, crypto:strong_rand_bytes(32)),
                vector(16, [<<S:16>> || S <- maps:get(suites, Fields, [16#1301])]), vector(8, [0]), vector(16, Extensions)]).

%% Sends a message as the test wants it; the transcript has it as it should be.
say(Name, Message, #{tamper := Tamper} = P) ->
    heard(Message, lists:foldl(fun item/2, P, Tamper(Name, Message))).

item({raw, Bytes}, #{socket := Socket} = P) ->
    _ = gen_tcp:send(Socket, Bytes),       % the other side may be gone; reading tells
    P;
item({do, Fun}, P) ->
    Fun(P);
item({Type, Content}, #{socket := Socket, write := none} = P) ->
    _ = gen_tcp:send(Socket, [Type, 3, 3, vector(16, Content)]),
    P;
item({Type, Content}, #{socket := Socket, write := {Secret, Key, Iv, N}} = P) ->
    Size = iolist_size(Content) + 17,
    Header = <<23, 3, 3, Size:16>>,
    {Sealed, Tag} = crypto:crypto_one_time_aead(aes_128_gcm, Key, nonce(Iv, N), [Content, Type], Header, 16, true),
    _ = gen_tcp:send(Socket, [Header, Sealed, Tag]),
    P#{write := {Secret, Key, Iv, N + 1}}.

%%--------------------------------------------------------------------------------------------------------------------
%% Reading
%%--------------------------------------------------------------------------------------------------------------------

%% The next handshake message.
message(#{pending := <<_, Size:24, _:Size/binary, _/binary>> = Pending} = P) ->
    <<Message:(Size + 4)/binary, Rest/binary>> = Pending,
    {Message, P#{pending := Rest}};
message(#{pending := Pending} = P0) ->
    case record(P0) of
        {?HANDSHAKE, Content, P} -> message(P#{pending := <<Pending/binary, Content/binary>>});
        {20, <<1>>, P} -> message(P);
        {Type, Content, _} -> throw({ended, {unexpected, Type, Content}})
    end.

record(P0) ->
    <<Type, _:16, Size:16>> = Header = bytes(5, P0),
    {Inner, Content, P} = open(Type, Header, bytes(Size, P0), P0),
    case {Inner, Content} of
        {21, <<Level, Description>>} -> throw({ended, {alert, Level, Description}});
        {?HANDSHAKE, <<24, 1:24, _>>} ->
            #{read := {Secret, _, _, _}} = P,
            {Inner, Content, P#{read := keys(expand(Secret, "traffic upd", <<>>, 32))}};
        _ -> {Inner, Content, P}
    end.

bytes(0, _) -> <<>>;
bytes(Size, #{socket := Socket, timeout := Timeout}) ->
    case gen_tcp:recv(Socket, Size, Timeout) of
        {ok, Bytes} -> Bytes;
        {error, timeout} -> throw({ended, timeout});
        {error, _} -> throw({ended, closed})
    end.

open(23, Header, Body, #{read := {Secret, Key, Iv, N}} = P) ->
    Size = byte_size(Body) - 16,
    <<Sealed:Size/binary, Tag/binary>> = Body,
    case crypto:crypto_one_time_aead(aes_128_gcm, Key, nonce(Iv, N), Sealed, Header, Tag, false) of
        error -> throw({ended, undecipherable});
        Plain ->
            {Type, Content} = unpadded(Plain, byte_size(Plain) - 1),
            {Type, Content, P#{read := {Secret, Key, Iv, N + 1}}}
    end;
open(Type, _, Body, P) ->
    {Type, Body, P}.

unpadded(Plain, N) ->
    case binary:at(Plain, N) of
        0 -> unpadded(Plain, N - 1);
        Type -> {Type, binary:part(Plain, 0, N)}
    end.

heard(Message, #{transcript := Transcript} = P) ->
    P#{transcript := [Transcript, Message]}.

extensions(<<Type:16, Size:16, Body:Size/binary, Rest/binary>>) -> [{Type, Body} | extensions(Rest)];
extensions(<<>>) -> [].

shares(<<Group:16, Size:16, Share:Size/binary, Rest/binary>>) -> [{Group, Share} | shares(Rest)];
shares(<<>>) -> [].

%%--------------------------------------------------------------------------------------------------------------------
%% Key schedule (section 7.1)
%%--------------------------------------------------------------------------------------------------------------------

handshake_keys(Shared, P) ->
    Early = extract(<<0:256>>, <<0:256>>),
    Handshake = extract(expand(Early, "derived", hash([]), 32), Shared),
    P#{client_secret => expand(Handshake, "c hs traffic", transcript(P), 32),
       server_secret => expand(Handshake, "s hs traffic", transcript(P), 32),
       master => extract(expand(Handshake, "derived", hash([]), 32), <<0:256>>)}.

master_keys(#{master := Master} = P) ->
    P#{client_traffic => expand(Master, "c ap traffic", transcript(P), 32),
       server_traffic => expand(Master, "s ap traffic", transcript(P), 32)}.

keys(Secret) -> {Secret, expand(Secret, "key", <<>>, 16), expand(Secret, "iv", <<>>, 12), 0}.

nonce(Iv, N) -> crypto:exor(Iv, <<N:96>>).

transcript(#{transcript := Transcript}) -> hash(Transcript).
hash(Data) -> crypto:hash(sha256, Data).
extract(Salt, Secret) -> crypto:mac(hmac, sha256, Salt, Secret).
expand(Secret, Label, Context, Size) when Size =< 32 ->
    Info = [<<Size:16>>, vector(8, ["tls13 ", Label]), vector(8, Context), 1],
    binary:part(crypto:mac(hmac, sha256, Secret, Info), 0, Size).

%%--------------------------------------------------------------------------------------------------------------------
%% Presentation language (section 3)
%%--------------------------------------------------------------------------------------------------------------------

-spec message(0..255, iodata()) -> binary().
message(Type, Body) -> iolist_to_binary([Type, vector(24, Body)]).

%% A vector with its length in so many bits.
-spec vector(8 | 16 | 24, iodata()) -> iodata().
vector(Bits, Content) -> [<<(iolist_size(Content)):Bits>>, Content].

-spec extension(0..65535, iodata()) -> iodata().
extension(Type, Body) -> [<<Type:16>>, vector(16, Body)].
