%% Bad input over sockets, as hostile peers send it, to servers and clients: a documented error and the alert on the wire, nothing
%% delivered, nothing left behind, and the node lives.
%%
%% The offences inside of messages are tried one by one in native/tls/src/rogue; here is what the whole makes of one of each kind.
%% A row of a table is one connection to a victim of ours: what the rogue does, and the alert that both shall see.
-module(ssl_hostile_SUITE).
-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-import(tls_pairs, [server/1, client/1, pair/3, call/1, finished/1, port_of/1, endpoint/1, left_nothing/0, eventually/1]).
-import(rogue_peer, [message/2, vector/2, extension/2]).

-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2,
         init_per_testcase/2, end_per_testcase/2]).
-export([right_rogues_connect/1, bytes_to_server/1, bytes_to_client/1, random_bytes/1, hello_mutations/1, truncated_anywhere/1,
         client_flights/1, server_flights/1, certificate_requested/1, connected_clients/1, connected_servers/1, alerts_of_peers/1,
         keys_are_updated/1, closing_is_no_error/1, data_before_keys_is_not_delivered/1]).
-export([slow_client_hello/1, slow_server_hello/1, endless_partial_record/1, byte_by_byte/1, flipped_bits/1, replayed_and_replaced/1,
         connections_that_say_nothing/1, floods_while_nobody_reads/1, atoms_of_peers/1, secrets_stay_out_of_reports/1]).

%% Handler of the logger, for secrets_stay_out_of_reports.
-export([log/2]).

-define(CCS, 20).
-define(ALERT, 21).
-define(HANDSHAKE, 22).
-define(DATA, 23).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, G} || {G, _, _} <- groups()].

groups() ->
    [{before_keys, [], [right_rogues_connect, bytes_to_server, bytes_to_client, random_bytes, hello_mutations, truncated_anywhere]},
     {handshake, [], [client_flights, server_flights, certificate_requested, data_before_keys_is_not_delivered]},
     {connected, [], [connected_clients, connected_servers, alerts_of_peers, keys_are_updated, closing_is_no_error]},
     {wire, [], [byte_by_byte, flipped_bits, replayed_and_replaced]},
     {patience, [], [slow_client_hello, slow_server_hello, endless_partial_record, connections_that_say_nothing,
                     floods_while_nobody_reads]},
     {node, [], [atoms_of_peers, secrets_stay_out_of_reports]}].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    [{log_level, none} | tls_pairs:credentials() ++ Config].

end_per_suite(_) -> ok.

init_per_group(_, Config) -> Config.
end_per_group(_, _) -> ok.

init_per_testcase(_, Config) ->
    left_nothing(),
    [{native, native()} | Config].

%% Whatever a case did: no connection, process or port of it lives on.
end_per_testcase(_, Config) ->
    left_nothing(),
    Before = ?config(native, Config),
    eventually(fun() -> [erlang:garbage_collect(P) || P <- processes()], ?assertEqual(Before, native()) end),
    receive {Tag, Socket, _} when Tag =:= ssl; Tag =:= ssl_error -> {fail, {stray, Tag, Socket}}
    after 0 -> ok
    end.

native() -> maps:with([conns, shares, bytes], ssl_native:counters()).

%%--------------------------------------------------------------------------------------------------------------------
%% Before there are keys
%%--------------------------------------------------------------------------------------------------------------------

%% What the tables rest on: a rogue that does nothing wrong is an ordinary peer, of both roles, also when asked for its certificate.
right_rogues_connect(Config) ->
    Asking = [{verify, verify_peer}, {fail_if_no_peer_cert, true}],
    [begin
         {Victim, {ok, Peer}} = meet(Role, Config, Options, identity(Role, Config)),
         Sent = rogue_peer:send(Peer, ?DATA, "data"),
         {delivered, <<"data">>} = finished(Victim),
         rogue_peer:close(Sent)
     end || {Role, Options} <- [{server, []}, {server, Asking}, {client, []}]],
    ok.

%% What is no TLS, or none that we speak, or goes beyond a limit.
bytes_to_server(Config) ->
    Hello = rogue_peer:client_hello(#{}),
    Record = fun(Content) -> record(?HANDSHAKE, Content) end,
    all_end(server, Config,
            [{http, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", unexpected_message},
             {smtp, "EHLO example.org\r\n", unexpected_message},
             {ssh, "SSH-2.0-OpenSSH_9.2p1\r\n", unexpected_message},
             {zeroes, <<0:800>>, unexpected_message},
             {sslv2, <<16#80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16, 7, 0, 16#C0, 3, 0, 16#80, 0:296>>, unexpected_message},
             {data, record(?DATA, "hello"), unexpected_message},
             {unknown_type, record(99, "hello"), unexpected_message},
             {empty_handshake, Record([]), unexpected_message},
             {major_version_4, [?HANDSHAKE, 4, 0, vector(16, Hello)], [protocol_version, unexpected_message]},
             {oversized_record, [<<?HANDSHAKE, 3, 1, 65535:16>>, binary:copy(Hello, 10)], record_overflow},
             {huge_hello, Record(<<1, 16#FFFFFF:24, 0:8000>>), [illegal_parameter, handshake_failure, decode_error]},
             {server_hello, Record(message(2, <<3, 3, 0:272>>)), unexpected_message},
             {finished, Record(message(20, <<0:256>>)), unexpected_message},
             {key_update, Record(message(24, <<1>>)), unexpected_message},
             {message_of_no_type, Record(message(77, <<0:256>>)), unexpected_message},
             {empty_hello, Record(message(1, [])), decode_error},
             {short_hello, Record(message(1, binary:part(Hello, 4, 60))), decode_error},
             {hello_with_a_tail, Record(message(1, [binary:part(Hello, 4, byte_size(Hello) - 4), 0])), decode_error},
             {hello_inside_ccs, [<<?HANDSHAKE, 3, 1, 10:16>>, binary:part(Hello, 0, 10), record(?CCS, [1]), Record("rest")],
              unexpected_message},
             {ccs_first, record(?CCS, [1]), unexpected_message},
             {tls12_only, Record(rogue_peer:client_hello(#{versions => [16#0303]})), protocol_version},
             {no_versions, Record(rogue_peer:client_hello(#{all => []})), protocol_version},
             {no_common_suite, Record(rogue_peer:client_hello(#{suites => [16#C02F, 16#1399]})),
              [handshake_failure, insufficient_security]},
             {extension_twice, Record(rogue_peer:client_hello(#{extensions => [extension(23, []), extension(23, [])]})),
              illegal_parameter},
             {key_share_of_wrong_size, Record(rogue_peer:client_hello(#{share => <<1>>})), illegal_parameter},
             {zero_key_share, Record(rogue_peer:client_hello(#{share => <<0:256>>})), illegal_parameter},
             {psk_not_last, Record(rogue_peer:client_hello(#{extensions => [extension(41, psk(1, 1)), extension(45, [1, 1]),
                                                                            extension(23, [])]})), illegal_parameter},
             {psk_without_modes, Record(rogue_peer:client_hello(#{extensions => [extension(41, psk(1, 1))]})), missing_extension},
             {binders_and_identities_differ,
              Record(rogue_peer:client_hello(#{extensions => [extension(45, [1, 1]), extension(41, psk(2, 1))]})), illegal_parameter},
             {bad_server_name, Record(rogue_peer:client_hello(#{all => [extension(0, [0, 9, 0])]})), decode_error}]).

psk(Identities, Binders) ->
    [vector(16, [[vector(16, "identity"), <<0:32>>] || _ <- lists:seq(1, Identities)]),
     vector(16, [vector(8, <<0:256>>) || _ <- lists:seq(1, Binders)])].

bytes_to_client(Config) ->
    Record = fun(Content) -> record(?HANDSHAKE, Content) end,
    ServerHello = fun(Session, Extensions) ->
                          message(2, [<<3, 3, 1:256>>, vector(8, Session), <<16#1301:16, 0>>, vector(16, Extensions)])
                  end,
    all_end(client, Config,
            [{http, "HTTP/1.1 400 Bad Request\r\n\r\n", unexpected_message},
             {ssh, "SSH-2.0-OpenSSH_9.2p1\r\n", unexpected_message},
             {zeroes, <<0:800>>, unexpected_message},
             {data, record(?DATA, "hello"), unexpected_message},
             {sealed_looking_data, record(?DATA, <<0:512>>), unexpected_message},
             {unknown_type, record(99, "hello"), unexpected_message},
             {empty_handshake, Record([]), unexpected_message},
             {oversized_record, [<<?HANDSHAKE, 3, 3, 65535:16>>, <<0:8000>>], record_overflow},
             {huge_hello, Record(<<2, 16#FFFFFF:24, 0:8000>>), [illegal_parameter, handshake_failure, decode_error]},
             {client_hello, Record(rogue_peer:client_hello(#{})), unexpected_message},
             {encrypted_extensions, Record(message(8, <<0:16>>)), unexpected_message},
             {certificate, Record(message(11, <<0:32>>)), unexpected_message},
             {finished, Record(message(20, <<0:256>>)), unexpected_message},
             {hello_request, Record(message(0, [])), unexpected_message},
             {empty_hello, Record(message(2, [])), decode_error},
             {tls12, Record(ServerHello("", [])), protocol_version},
             {wrong_session, Record(ServerHello("other", [extension(43, <<3, 4>>), extension(51, <<29:16, 32:16, 9:256>>)])),
              illegal_parameter},
             {ccs_of_another_value, record(?CCS, [2]), [unexpected_message, illegal_parameter]},
             {second_ccs, [record(?CCS, [1]) || _ <- lists:seq(1, 2)], unexpected_message}]).

%% Rows of bytes that a rogue sends, to a client after its first message has come.
all_end(Role, Config, Rows) ->
    each(fun({_, Bytes, Alerts}) ->
                 {Victim, Raw} = raw_victim(Role, Config),
                 ok = gen_tcp:send(Raw, Bytes),
                 Peer = rogue_peer:bare(Raw),
                 {Alert, Text} = local_alert(Role, finished(Victim)),
                 ?assert(lists:member(Alert, lists:flatten([Alerts])), {Alert, Text}),
                 ?assertEqual({alert, 2, code(Alert)}, rogue_peer:result(Peer, 5000)),
                 gen_tcp:close(Raw)
         end, Rows).

%% Anything at all, then the end: an alert or the end.
random_bytes(Config) ->
    [begin
         {Victim, Raw} = raw_victim(Role, Config),
         _ = gen_tcp:send(Raw, Bytes),
         _ = gen_tcp:shutdown(Raw, write),
         case finished(Victim) of
             {error, closed} -> ok;
             Ended -> {_, _} = local_alert(Role, Ended)
         end,
         gen_tcp:close(Raw)
     end || Role <- [server, client], Size <- [1, 4, 5, 6, 7, 64, 1000, 20000], Front <- [<<>>, <<22>>, <<22, 3>>, <<23, 3, 3>>, <<21, 3, 3>>],
            Bytes <- [<<Front/binary, (crypto:strong_rand_bytes(Size))/binary>>]],
    ok.

%% A right ClientHello with one byte changed anywhere: often still right, never more than a handshake that cannot go on.
hello_mutations(Config) ->
    Hello = rogue_peer:client_hello(#{}),
    {ok, L} = ssl:listen(0, [{log_level, none} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    [begin
         <<Front:At/binary, Byte, Rest/binary>> = Hello,
         {ok, Raw} = gen_tcp:connect("localhost", Port, [binary, {active, false}]),
         ok = gen_tcp:send(Raw, record(?HANDSHAKE, [Front, Byte bxor Flip, Rest])),
         ok = gen_tcp:shutdown(Raw, write),
         {ok, A} = ssl:transport_accept(L, 5000),
         case ssl:handshake(A, 5000) of
             {error, closed} -> ok;
             Ended -> {_, _} = local_alert(server, Ended)
         end,
         gen_tcp:close(Raw)
     end || At <- lists:seq(0, byte_size(Hello) - 1), At < 6 orelse At > 38, At < 40 orelse At > 70, Flip <- [1, 16#FF]],
    ok = ssl:close(L).

%% The peer is cut off in the middle of any message or record of its flight, and after it.
truncated_anywhere(Config) ->
    [begin
         {Victim, Raw} = raw_victim(server, Config),
         Hello = iolist_to_binary(record(?HANDSHAKE, rogue_peer:client_hello(#{}))),
         ok = gen_tcp:send(Raw, binary:part(Hello, 0, min(Size, byte_size(Hello)))),
         case How of
             shutdown -> ok = gen_tcp:shutdown(Raw, write);
             close -> ok = gen_tcp:close(Raw);
             reset -> ok = inet:setopts(Raw, [{linger, {true, 0}}]), ok = gen_tcp:close(Raw)
         end,
         ?assertEqual({error, closed}, finished(Victim)),
         gen_tcp:close(Raw)
     end || Size <- [0, 1, 4, 5, 6, 9, 40, 100, 1000], How <- [shutdown, close, reset]],
    [begin
         Cut = fun(N, Message) when N =:= Name -> [{?HANDSHAKE, binary:part(Message, 0, byte_size(Message) div 2)}, stop()];
                  (_, Message) -> [{?HANDSHAKE, Message}]
               end,
         {Victim, _} = meet(Role, Config, [], (identity(Role, Config))#{tamper => Cut}),
         ?assertEqual({error, closed}, finished(Victim))
     end || {Role, Name} <- [{server, finished}, {client, server_hello}, {client, encrypted_extensions}, {client, certificate},
                             {client, certificate_verify}, {client, finished}]],
    ok.

%% The rogue says nothing more.
stop() ->
    {do, fun(Peer) ->
                 ok = gen_tcp:shutdown(rogue_peer:socket(Peer), write),
                 Peer
         end}.

%%--------------------------------------------------------------------------------------------------------------------
%% In the handshake, under its keys
%%--------------------------------------------------------------------------------------------------------------------

client_flights(Config) ->
    break(server, Config, [], common_flights(finished) ++
              [{finished_left_out, #{flight => [key_update]}, unexpected_message},
               {certificate_not_asked_for, #{flight => [certificate, finished]}, unexpected_message}]).

server_flights(Config) ->
    break(client, Config, [], common_flights(finished) ++ common_flights(encrypted_extensions, structure) ++
              [{bad_signature, changed(certificate_verify, fun flip_last/1), decrypt_error},
               {signature_of_another_context, #{tamper => replaced(certificate_verify,
                                                                   message(15, [<<16#0403:16>>, vector(16, signature(Config))]))},
                decrypt_error},
               {scheme_not_offered, changed(certificate_verify, fun(<<H:4/binary, _:16, Rest/binary>>) ->
                                                                        <<H/binary, 16#0201:16, Rest/binary>>
                                                                end), illegal_parameter},
               {certificate_left_out, #{flight => [encrypted_extensions, certificate_verify, finished]}, unexpected_message},
               {signature_left_out, #{flight => [encrypted_extensions, certificate, finished]}, unexpected_message},
               {neither, #{flight => [encrypted_extensions, finished]}, unexpected_message},
               {certificate_twice, #{flight => [encrypted_extensions, certificate, certificate, certificate_verify, finished]},
                unexpected_message},
               {wrong_order, #{flight => [certificate, encrypted_extensions, certificate_verify, finished]}, unexpected_message},
               {extensions_twice, #{flight => [encrypted_extensions, encrypted_extensions]}, unexpected_message},
               {no_certificates, replaced_by(certificate, message(11, [0, vector(24, [])])), decode_error},
               {empty_certificate, replaced_by(certificate, certificates([<<>>])), [decode_error, bad_certificate]},
               {certificate_of_rubbish, replaced_by(certificate, certificates([crypto:strong_rand_bytes(500)])),
                [bad_certificate, decode_error]},
               {many_certificates, replaced_in_pieces(certificate, certificates(lists:duplicate(70, chain(server, Config, leaf)))),
                [bad_certificate, handshake_failure, decode_error, illegal_parameter]},
               {large_certificates, replaced_in_pieces(certificate, certificates([<<0:4000000>>])),
                [illegal_parameter, handshake_failure, decode_error]},
               {extension_not_asked_for, replaced_by(encrypted_extensions, message(8, vector(16, extension(16, [0, 3, 2, "h2"])))),
                [unsupported_extension, illegal_parameter]}]).

%% What can be wrong with any message, here one under handshake keys.
common_flights(Name) ->
    common_flights(Name, structure) ++
        [{bad_finished, changed(Name, fun flip_last/1), decrypt_error},
         {empty_finished, replaced_by(Name, message(20, [])), [decode_error, decrypt_error]},
         {short_finished, replaced_by(Name, message(20, <<0:128>>)), [decode_error, decrypt_error]}].

common_flights(Name, structure) ->
    [{{Name, Case}, Options, Alert} ||
        {Case, Options, Alert} <-
            [{data_before_the_keys, #{tamper => before(Name, [{?DATA, "secret"}])}, unexpected_message},
             {plaintext_data, #{tamper => before(Name, [{raw, record(?DATA, <<0:256>>)}])}, bad_record_mac},
             {plaintext_message, #{tamper => before(Name, [{raw, record(?HANDSHAKE, <<20, 0, 0, 0>>)}])}, [bad_record_mac, unexpected_message]},
             {record_of_rubbish, #{tamper => before(Name, [{raw, record(?DATA, crypto:strong_rand_bytes(300))}])}, bad_record_mac},
             {record_too_short_for_a_tag, #{tamper => before(Name, [{raw, record(?DATA, <<0:64>>)}])}, [bad_record_mac, decode_error]},
             {oversized_record, #{tamper => before(Name, [{raw, <<?DATA, 3, 3, 16641:16, 0:80000>>}])}, record_overflow},
             {oversized_content, #{tamper => before(Name, [{?DATA, binary:copy(<<0>>, 16385)}])}, record_overflow},
             {padding_only, #{tamper => before(Name, [{0, <<0:800>>}])}, unexpected_message},
             {empty_message_fragment, #{tamper => before(Name, [{?HANDSHAKE, []}])}, unexpected_message},
             {empty_fragments, #{tamper => before(Name, [{?HANDSHAKE, []} || _ <- lists:seq(1, 1000)])}, unexpected_message},
             {ccs_under_keys, #{tamper => before(Name, [{?CCS, [1]}])}, unexpected_message},
             {ccs_flood, #{tamper => before(Name, [{raw, record(?CCS, [1])} || _ <- lists:seq(1, 40)])}, unexpected_message},
             {key_update, #{tamper => before(Name, [{?HANDSHAKE, message(24, [0])}])}, unexpected_message},
             {ccs_of_two_bytes, #{tamper => before(Name, [{raw, record(?CCS, [1, 1])}])},
              [unexpected_message, illegal_parameter, decode_error]},
             {ccs_of_another_value, #{tamper => before(Name, [{raw, record(?CCS, [2])}])}, [unexpected_message, illegal_parameter]},
             {client_hello, #{tamper => before(Name, [{?HANDSHAKE, rogue_peer:client_hello(#{})}])}, unexpected_message},
             {no_such_message, #{tamper => before(Name, [{?HANDSHAKE, message(99, "x")}])}, unexpected_message},
             {declared_too_large, #{tamper => before(Name, [{?HANDSHAKE, <<11, 16#FFFFFF:24, 0:8000>>}])},
              [illegal_parameter, handshake_failure, decode_error, unexpected_message]},
             {data_inside_a_message, #{tamper => fun(N, M) when N =:= Name ->
                                                         <<Front:3/binary, Rest/binary>> = M,
                                                         [{?HANDSHAKE, Front}, {?DATA, "secret"}, {?HANDSHAKE, Rest}];
                                                    (_, M) -> [{?HANDSHAKE, M}]
                                                 end}, unexpected_message},
             {replaced, replaced_by(Name, message(15, [<<16#0403:16>>, vector(16, <<0:512>>)])), unexpected_message}]].

%% A client that is asked for its certificate.
certificate_requested(Config) ->
    break(server, Config, [{verify, verify_peer}, {fail_if_no_peer_cert, true}],
          [{none, replaced_in_flight(certificate, message(11, [0, vector(24, [])]), [certificate, finished]), certificate_required},
           {certificate_left_out, #{flight => [finished]}, unexpected_message},
           {signature_alone, #{flight => [certificate_verify, finished]}, unexpected_message},
           {signature_left_out, #{flight => [certificate, finished]}, unexpected_message},
           {certificate_twice, #{flight => [certificate, certificate, certificate_verify, finished]}, unexpected_message},
           {bad_signature, changed(certificate_verify, fun flip_last/1), decrypt_error},
           {another_key, #{key => public_key:generate_key({namedCurve, secp256r1})}, decrypt_error},
           {context_not_ours, changed(certificate, fun(<<11, Size:24, 0, Rest/binary>>) -> <<11, (Size + 1):24, 1, 7, Rest/binary>> end),
            [illegal_parameter, decode_error]},
           {unknown_ca, #{chain => [rogue_certificate()]}, [unknown_ca, bad_certificate]},
           {certificate_of_rubbish, replaced_by(certificate, certificates([crypto:strong_rand_bytes(500)])),
            [bad_certificate, decode_error]},
           {many_certificates, replaced_in_pieces(certificate, certificates(lists:duplicate(70, chain(client, Config, leaf)))),
            [bad_certificate, handshake_failure, decode_error, illegal_parameter]},
           {same_certificates, replaced_in_pieces(certificate, certificates(lists:duplicate(60, chain(client, Config, leaf)))),
            [unknown_ca, bad_certificate]},
           {arc_without_end, replaced_in_pieces(certificate, certificates([chain(client, Config, leaf), arc_without_end()])),
            decode_error}]).

%% What public_key would take minutes for (CVE-2026-65634).
arc_without_end() ->
    Oid = [6, 131, <<200002:24>>, 42, binary:copy(<<255>>, 200000), 1],
    iolist_to_binary([48, 131, <<(iolist_size(Oid)):24>>, Oid]).

rogue_certificate() ->
    certificate_maker:der(certificate_maker:leaf(["localhost"], certificate_maker:ca("rogue", self), #{})).

%% CVE-2026-54891: data ahead of the keys, in the clear or under the handshake's, in either mode of the socket.
data_before_keys_is_not_delivered(Config) ->
    [begin
         {Victim, Met} = meet(Role, Config, [{active, Active}],
                              (identity(Role, Config))#{tamper => before(finished, [{?DATA, "secret"}])}),
         {unexpected_message, _} = local_alert(Role, finished(Victim)),
         ?assertEqual({alert, 2, 10}, verdict(Met))
     end || Role <- [server, client], Active <- [true, once, false]],
    ok.

%% Rows of handshakes that a rogue spoils.
break(Role, Config, Options, Rows) ->
    each(fun({_, Rogue, Alerts}) ->
                 {Victim, Met} = meet(Role, Config, Options, maps:merge(identity(Role, Config), Rogue)),
                 {Alert, Text} = local_alert(Role, finished(Victim)),
                 ?assert(lists:member(Alert, lists:flatten([Alerts])), {Alert, Text}),
                 ?assertEqual({alert, 2, code(Alert)}, verdict(Met))
         end, Rows).

%% What the rogue hears, if it has not heard it yet.
verdict({ok, Peer}) ->
    Heard = rogue_peer:result(Peer, 5000),
    rogue_peer:close(Peer),
    Heard;
verdict(Ended) ->
    Ended.

%% How a rogue changes the messages on their way.
changed(Name, Fun) -> #{tamper => fun(N, M) when N =:= Name -> [{?HANDSHAKE, Fun(M)}]; (_, M) -> [{?HANDSHAKE, M}] end}.
replaced(Name, New) -> fun(N, _) when N =:= Name -> [{?HANDSHAKE, New}]; (_, M) -> [{?HANDSHAKE, M}] end.
replaced_by(Name, New) -> #{tamper => replaced(Name, New)}.
replaced_in_flight(Name, New, Flight) -> #{tamper => replaced(Name, New), flight => Flight}.
replaced_in_pieces(Name, New) ->
    #{tamper => fun(N, _) when N =:= Name -> [{?HANDSHAKE, Piece} || Piece <- pieces(New, 16000)]; (_, M) -> [{?HANDSHAKE, M}] end}.
before(Name, Items) -> fun(N, M) when N =:= Name -> Items ++ [{?HANDSHAKE, M}]; (_, M) -> [{?HANDSHAKE, M}] end.

pieces(Bytes, Size) when byte_size(Bytes) =< Size -> [Bytes];
pieces(Bytes, Size) ->
    <<Piece:Size/binary, Rest/binary>> = Bytes,
    [Piece | pieces(Rest, Size)].

flip_last(Message) ->
    Size = byte_size(Message) - 1,
    <<Front:Size/binary, Last>> = Message,
    <<Front/binary, (Last bxor 1)>>.

certificates(Ders) -> message(11, [0, vector(24, [[vector(24, Der), vector(16, [])] || Der <- Ders])]).

%% A right signature of something else.
signature(Config) -> public_key:sign(<<"something else">>, sha256, maps:get(key, identity(client, Config))).

%%--------------------------------------------------------------------------------------------------------------------
%% Connected
%%--------------------------------------------------------------------------------------------------------------------

connected_clients(Config) ->
    misbehave(server, Config, misdeeds() ++ [{ticket, [{?HANDSHAKE, ticket(3600)}], unexpected_message},
                                             {certificate_request, [{?HANDSHAKE, message(13, [0, 0, 0])}], unexpected_message}]).

connected_servers(Config) ->
    misbehave(client, Config, misdeeds() ++
                  [{malformed_ticket, [{?HANDSHAKE, message(4, <<0:40>>)}], decode_error},
                   {ticket_of_bad_extensions, [{?HANDSHAKE, message(4, [<<1:32, 2:32>>, vector(8, "n"), vector(16, "t"),
                                                                        vector(16, <<42, 42, 42>>)])}], decode_error},
                   {flood_of_tickets, [{?HANDSHAKE, ticket(3600)} || _ <- lists:seq(1, 100)], unexpected_message},
                   {certificate_request, [{?HANDSHAKE, message(13, [1, 7, vector(16, [extension(13, vector(16, <<4, 3>>))])])}],
                    unexpected_message}]).

ticket(Lifetime) ->
    message(4, [<<Lifetime:32, 1:32>>, vector(8, "nonce"), vector(16, "ticket"), vector(16, [])]).

misdeeds() ->
    [{record_of_rubbish, [{raw, record(?DATA, crypto:strong_rand_bytes(300))}], bad_record_mac},
     {plaintext_alert, [{raw, record(?ALERT, <<1, 0>>)}], [bad_record_mac, unexpected_message]},
     {plaintext_message, [{raw, record(?HANDSHAKE, message(24, [0]))}], [bad_record_mac, unexpected_message]},
     {plaintext_ccs, [{raw, record(?CCS, [1])}], [bad_record_mac, unexpected_message]},
     {unknown_type, [{raw, record(99, "x")}], [bad_record_mac, unexpected_message]},
     {unknown_type_inside, [{99, "x"}], unexpected_message},
     {oversized_record, [{raw, <<?DATA, 3, 3, 65535:16>>}], record_overflow},
     {oversized_content, [{?DATA, binary:copy(<<0>>, 16385)}], record_overflow},
     {padding_only, [{0, <<0:4000>>}], unexpected_message},
     {empty_records, [{?DATA, []} || _ <- lists:seq(1, 1000)], unexpected_message},
     {empty_fragments, [{?HANDSHAKE, []} || _ <- lists:seq(1, 40)], unexpected_message},
     {flood_of_updates, [update(0) || _ <- lists:seq(1, 100)], unexpected_message},
     {flood_of_update_requests, [update(1) || _ <- lists:seq(1, 100)], unexpected_message},
     {update_of_no_value, [{?HANDSHAKE, message(24, [2])}], illegal_parameter},
     {update_of_two_bytes, [{?HANDSHAKE, message(24, [0, 0])}], decode_error},
     {update_before_others, [{?HANDSHAKE, [message(24, [0]), message(24, [0])]}], unexpected_message},
     {data_inside_a_message, [{?HANDSHAKE, <<24, 0, 0>>}, {?DATA, "secret"}], unexpected_message},
     {flood_of_warnings, [{?ALERT, [1, 90]} || _ <- lists:seq(1, 100)], [unexpected_message, decode_error]},
     {alert_of_one_byte, [{?ALERT, [2]}], decode_error},
     {alert_of_three_bytes, [{?ALERT, [1, 90, 1]}], decode_error},
     {two_alerts_in_one, [{?ALERT, [1, 90, 1, 90]}], decode_error},
     {client_hello, [{?HANDSHAKE, rogue_peer:client_hello(#{})}], unexpected_message},
     {hello_request, [{?HANDSHAKE, message(0, [])}], unexpected_message},
     {finished, [{?HANDSHAKE, message(20, <<0:256>>)}], unexpected_message},
     {certificate, [{?HANDSHAKE, certificates([])}], unexpected_message},
     {declared_too_large, [{?HANDSHAKE, <<4, 16#FFFFFF:24, 0:8000>>}], [illegal_parameter, handshake_failure, decode_error,
                                                                           unexpected_message]}].

update(Value) ->
    {do, fun(Peer) -> rogue_peer:send_update(Peer, <<Value>>) end}.

%% Rows of records after the handshake; the victim reads in three ways.
misbehave(Role, Config, Rows) ->
    each(fun({{_, Active}, Items, Alerts}) ->
                 {Victim, {ok, Peer0}} = meet(Role, Config, [{active, Active}], identity(Role, Config)),
                 Peer = rogue_peer:items(Peer0, Items),
                 {Alert, Text} = local_alert(Role, finished(Victim)),
                 ?assert(lists:member(Alert, lists:flatten([Alerts])), {Alert, Text}),
                 ?assertEqual({alert, 2, code(Alert)}, rogue_peer:result(Peer, 5000)),
                 rogue_peer:close(Peer)
         end, [{{Name, Active}, Items, Alerts} || {Name, Items, Alerts} <- Rows, Active <- [false, once, true]]).

%% Alerts of the peer's end the connection with their names; unknown ones too.
alerts_of_peers(Config) ->
    each(fun({{Role, Active}, Level, Code, Name}) ->
                 {Victim, {ok, Peer0}} = meet(Role, Config, [{active, Active}], identity(Role, Config)),
                 Peer = rogue_peer:send(Peer0, ?ALERT, [Level, Code]),
                 {error, {tls_alert, {Name, Text}}} = finished(Victim),
                 ?assertNotEqual(nomatch, string:find(Text, case Role of
                                                                server -> "TLS server: In state connection received CLIENT ALERT";
                                                                client -> "TLS client: In state connection received SERVER ALERT"
                                                            end)),
                 rogue_peer:close(Peer)
         end, [{{Role, Active}, Level, Code, Name} || Role <- [server, client], Active <- [false, true],
                                                      {Level, Code, Name} <- [{2, 40, handshake_failure}, {2, 20, bad_record_mac},
                                                                              {2, 42, bad_certificate}, {2, 113, bad_certificate_status_response},
                                                                              {2, 255, 'unsupported/unknown_alert'},
                                                                              {2, 3, 'unsupported/unknown_alert'}]]),
    %% In the handshake, before keys and with them.
    each(fun({Role, Name, Item}) ->
                 {Victim, _} = meet(Role, Config, [], (identity(Role, Config))#{tamper => before(Name, [Item, stop()])}),
                 {error, {tls_alert, {handshake_failure, _}}} = finished(Victim)
         end, [{server, client_hello, {?ALERT, [2, 40]}}, {client, server_hello, {?ALERT, [2, 40]}}, {server, finished, {?ALERT, [2, 40]}},
               {client, finished, {?ALERT, [2, 40]}}]).

%% A few of what floods bring are right, and never seen by the user.
keys_are_updated(Config) ->
    [begin
         {Victim, {ok, Peer0}} = meet(Role, Config, [{active, Active}], identity(Role, Config)),
         Items = [update(N rem 2) || N <- lists:seq(1, 20)] ++ [{?DATA, []}, {?ALERT, [1, 90]}, {?DATA, "data"}],
         Peer = rogue_peer:items(Peer0, Items),
         ?assertEqual({delivered, <<"data">>}, finished(Victim)),
         rogue_peer:close(Peer)
     end || Role <- [server, client], Active <- [false, once, true]],
    ok.

closing_is_no_error(Config) ->
    [begin
         {Victim, {ok, Peer0}} = meet(Role, Config, [{active, Active}], identity(Role, Config)),
         Peer = case How of
                    notify -> rogue_peer:send(Peer0, ?ALERT, [1, 0]);
                    end_of_transport -> ok = gen_tcp:shutdown(rogue_peer:socket(Peer0), write), Peer0;
                    inside_a_record -> P = rogue_peer:raw(Peer0, <<?DATA, 3, 3, 100:16, 0:80>>),
                                       ok = gen_tcp:shutdown(rogue_peer:socket(P), write), P
                end,
         ?assertEqual({error, closed}, finished(Victim)),
         rogue_peer:close(Peer)
     end || Role <- [server, client], Active <- [false, once, true], How <- [notify, end_of_transport, inside_a_record]],
    ok.

%%--------------------------------------------------------------------------------------------------------------------
%% Between two of ours, somebody on the wire
%%--------------------------------------------------------------------------------------------------------------------

%% Every byte in a packet of its own is right.
byte_by_byte(Config) ->
    {S, C} = between(Config, fun(_, Bytes) -> [<<B>> || <<B>> <= Bytes] end),
    {ok, _} = S,
    {ok, _} = C.

%% A byte of any record of either side is changed: one of the two finds it and tells the other, nobody gets data.
flipped_bits(Config) ->
    [begin
         {S, C} = between(Config, on_record(Side, Nth, fun(Record) ->
                                                               At = 5 + rand:uniform(byte_size(Record) - 5) - 1,
                                                               <<Front:At/binary, Byte, Rest/binary>> = Record,
                                                               [<<Front/binary, (Byte bxor (1 bsl (rand:uniform(8) - 1))), Rest/binary>>]
                                                       end)),
         ?assertEqual([], [Data || {ok, Data} <- [S, C], Data =:= wrong]),
         ?assert(lists:any(fun({error, {tls_alert, _}}) -> true; (_) -> false end, [S, C]), {Side, Nth, S, C})
     end || Side <- [client, server], Nth <- [1, 3, 4], _ <- lists:seq(1, 4)],     % 2 is ChangeCipherSpec, after 4 the end comes
    ok.

replayed_and_replaced(Config) ->
    [begin
         {S, C} = between(Config, on_record(Side, Nth, How)),
         ?assert(lists:any(fun({error, {tls_alert, _}}) -> true; (_) -> false end, [S, C]), {Side, Nth, How, S, C})
     end || {Nth, How} <- [{3, fun(R) -> [R, R] end}, {3, fun(_) -> [<<?DATA, 3, 3, 17:16, 0:136>>] end},
                           {4, fun(_) -> [<<?DATA, 3, 3, 17:16, 0:136>>] end}], Side <- [client, server]],
    ok.

on_record(Side, Nth, Fun) ->
    fun(S, Bytes) when S =:= Side ->
            case counted(Side) of
                Nth -> Fun(Bytes);
                _ -> [Bytes]
            end;
       (_, Bytes) -> [Bytes]
    end.

counted(Side) ->
    N = case get(Side) of undefined -> 1; M -> M + 1 end,
    put(Side, N),
    N.

%% A client and a server exchange data through a proxy that changes records: {ok, same} or the error of each.
between(Config, Change) ->
    {ok, L} = ssl:listen(0, [binary, {active, false}, {log_level, none} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Front} = gen_tcp:listen(0, [binary, {active, false}, {nodelay, true}]),
    {ok, FrontPort} = inet:port(Front),
    Server = call(fun() -> {ok, A} = ssl:transport_accept(L, 10000), exchange(ssl:handshake(A, 10000)) end),
    Client = call(fun() -> exchange(ssl:connect("localhost", FrontPort, [binary, {active, false}, {log_level, none} | client(Config)], 10000)) end),
    {ok, In} = gen_tcp:accept(Front, 5000),
    {ok, Out} = gen_tcp:connect("localhost", Port, [binary, {active, false}, {nodelay, true}]),
    Carriers = [call(fun() -> carry(client, In, Out, Change) end), call(fun() -> carry(server, Out, In, Change) end)],
    Results = {finished(Server), finished(Client)},
    _ = [finished(C) || C <- Carriers],
    [gen_tcp:close(X) || X <- [In, Out, Front]],
    ok = ssl:close(L),
    Results.

exchange({ok, Socket}) ->
    _ = ssl:send(Socket, <<"data">>),
    Result = case ssl:recv(Socket, 0, 10000) of
                 {ok, <<"data">>} -> {ok, same};
                 {ok, _} -> {ok, wrong};
                 Error -> Error
             end,
    ok = ssl:close(Socket),
    Result;
exchange(Error) ->
    Error.

%% Record by record, to the end.
carry(Side, From, To, Change) ->
    case gen_tcp:recv(From, 5, 10000) of
        {ok, <<_:24, Size:16>> = Header} ->
            {ok, Body} = case Size of 0 -> {ok, <<>>}; _ -> gen_tcp:recv(From, Size, 10000) end,
            _ = [gen_tcp:send(To, Bytes) || Bytes <- Change(Side, <<Header/binary, Body/binary>>)],
            carry(Side, From, To, Change);
        {error, _} ->
            _ = gen_tcp:shutdown(To, write),
            ok
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Patience
%%--------------------------------------------------------------------------------------------------------------------

%% A byte now and then does not lengthen the time for a handshake.
slow_client_hello(Config) ->
    slow(server, Config, record(?HANDSHAKE, rogue_peer:client_hello(#{}))).

slow_server_hello(Config) ->
    slow(client, Config, record(?HANDSHAKE, message(2, <<3, 3, 0:272>>))).

slow(Role, Config, Bytes) ->
    {Victim, Raw} = raw_victim(Role, Config, 700),
    T0 = erlang:monotonic_time(millisecond),
    Dripper = call(fun() -> drip(iolist_to_binary(Bytes), Raw) end),
    ?assertEqual({error, timeout}, finished(Victim)),
    Took = erlang:monotonic_time(millisecond) - T0,
    ?assert(Took >= 500 andalso Took < 3000, Took),
    gen_tcp:close(Raw),
    {error, closed} = finished(Dripper).

drip(<<>>, _) -> ok;
drip(<<Byte, Rest/binary>>, Raw) ->
    case gen_tcp:send(Raw, [Byte]) of
        ok -> timer:sleep(100), drip(Rest, Raw);
        Error -> Error
    end.

%% A record that never ends is no data: reading times out, and costs no more than a record's memory.
endless_partial_record(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {log_level, none}], [binary, {active, false}, {log_level, none}]),
    ok = gen_tcp:send(port_of(C), <<?DATA, 3, 3, 16000:16>>),
    [begin
         ok = gen_tcp:send(port_of(C), [0]),
         ?assertEqual({error, timeout}, ssl:recv(S, 0, 5))
     end || _ <- lists:seq(1, 100)],
    ok = ssl:setopts(S, [{active, once}]),
    ok = gen_tcp:send(port_of(C), <<0:800>>),
    receive {ssl, S, _} -> ct:fail(delivered) after 50 -> ok end,
    ok = ssl:setopts(S, [{active, false}]),
    ?assertEqual({error, timeout}, ssl:recv(S, 1, 20)),
    ok = gen_tcp:send(port_of(C), <<0:((16000 - 200) * 8)>>),
    {error, {tls_alert, {bad_record_mac, _}}} = ssl:recv(S, 1, 5000),
    {error, {tls_alert, {bad_record_mac, _}}} = ssl:recv(C, 0, 5000),
    ok = ssl:close(S),
    ok = ssl:close(C).

%% They take nobody's turn.
connections_that_say_nothing(Config) ->
    {ok, L} = ssl:listen(0, [binary, {active, false}, {log_level, none} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Silent = [begin
                  {ok, Raw} = gen_tcp:connect("localhost", Port, [binary, {active, false}]),
                  {ok, A} = ssl:transport_accept(L, 5000),
                  {Raw, call(fun() -> ssl:handshake(A, 1500) end)}
              end || _ <- lists:seq(1, 50)],
    Client = call(fun() -> {ok, C} = ssl:connect("localhost", Port, client(Config), 5000), ssl:close(C) end),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(A, 5000),
    ok = finished(Client),
    ok = ssl:close(S),
    [?assertEqual({error, timeout}, finished(Waiting)) || {_, Waiting} <- Silent],
    [gen_tcp:close(Raw) || {Raw, _} <- Silent],
    ok = ssl:close(L).

%% Nobody reads: the peer is held by TCP's window, and what is kept here is bounded.
floods_while_nobody_reads(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {log_level, none}], [binary, {active, false}, {log_level, none}]),
    Before = memory(S),
    Sender = call(fun() -> ssl:send(C, binary:copy(<<0>>, 50000000)) end),
    timer:sleep(300),
    ?assert(memory(S) - Before < 1000000),
    {ok, _} = ssl:recv(S, 1000, 5000),
    timer:sleep(300),
    ?assert(memory(S) - Before < 2000000),
    ok = ssl:close(S),
    {error, closed} = finished(Sender),
    ok = ssl:close(C).

memory(Socket) ->
    {memory, Heap} = process_info(endpoint(Socket), memory),
    #{bytes := Native} = ssl_native:counters(),
    {binary, Binaries} = process_info(endpoint(Socket), binary),
    Heap + Native + lists:sum([Size || {_, Size, _} <- Binaries]).

%%--------------------------------------------------------------------------------------------------------------------
%% The node
%%--------------------------------------------------------------------------------------------------------------------

%% Names, protocols and texts of peers make no atoms.
atoms_of_peers(Config) ->
    Run = fun(N) ->
                  Name = "host-" ++ integer_to_list(N) ++ ".example",
                  Protocol = list_to_binary("protocol-" ++ integer_to_list(N)),
                  Extensions = [extension(16, vector(16, vector(8, Protocol))), extension(60000 + N, "x")],
                  Hello = rogue_peer:client_hello(#{extensions => Extensions, suites => [N, 16#1301]}),
                  {Victim, Raw} = raw_victim(server, Config),
                  ok = gen_tcp:send(Raw, [record(?HANDSHAKE, binary:replace(Hello, <<"localhost">>, list_to_binary(lists:sublist(Name, 9)))),
                                          record(?ALERT, [2, N])]),
                  {error, {tls_alert, _}} = finished(Victim),
                  gen_tcp:close(Raw)
          end,
    Run(99),
    Run(100),
    Before = erlang:system_info(atom_count),
    [Run(N) || N <- lists:seq(101, 160)],
    ?assertEqual(Before, erlang:system_info(atom_count)).

%% Neither sys:get_status nor a crash shows keys or data.
secrets_stay_out_of_reports(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {keep_secrets, true}, {log_level, none}], [binary, {active, false}, {log_level, none}]),
    {ok, [{keylog, Lines}]} = ssl:connection_information(S, [keylog]),
    Secrets = [lists:last(string:split(Line, " ", all)) || Line <- Lines],
    ?assert(length(Secrets) >= 4),
    ok = ssl:send(C, <<"confidential">>),
    ok = ssl:setopts(S, [{packet, line}]),
    Status = lists:flatten(io_lib:format("~0p", [sys:get_status(endpoint(S))])),
    [?assertEqual(nomatch, string:find(Status, Secret)) || Secret <- ["confidential" | Secrets]],
    Self = self(),
    Id = ?FUNCTION_NAME,
    ok = logger:add_handler(Id, ?MODULE, #{config => Self, level => all}),
    try
        sys:terminate(endpoint(S), {badmatch, told_to}),
        Report = receive {logged, Event} -> lists:flatten(io_lib:format("~0p", [Event])) after 5000 -> ct:fail(no_report) end,
        [?assertEqual(nomatch, string:find(Report, Secret)) || Secret <- ["confidential" | Secrets]]
    after
        logger:remove_handler(Id)
    end,
    {error, closed} = ssl:recv(C, 0, 5000),
    ok = ssl:close(C).

log(#{level := error} = Event, #{config := Pid}) -> Pid ! {logged, Event}, ok;
log(_, _) -> ok.

%%--------------------------------------------------------------------------------------------------------------------
%% Victims and rogues
%%--------------------------------------------------------------------------------------------------------------------

%% Every row; all that fail are told together.
each(Fun, Rows) ->
    Failed = lists:append([try Fun(Row), left_nothing(), []
                           catch Class:Reason -> [{element(1, Row), Class, Reason}]
                           end || Row <- Rows]),
    ?assertEqual([], Failed).

%% A victim whose peer will be bytes of the test; a client has said its hello.
raw_victim(Role, Config) -> raw_victim(Role, Config, 10000).

raw_victim(server, Config, Timeout) ->
    {Victim, Port} = serve(Config, [], Timeout),
    {ok, Raw} = gen_tcp:connect("localhost", Port, [binary, {active, false}, {nodelay, true}]),
    {Victim, Raw};
raw_victim(client, Config, Timeout) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {nodelay, true}]),
    {ok, Port} = inet:port(L),
    Victim = call(fun() -> outcome(ssl:connect("localhost", Port, options(client(Config), []), Timeout), []) end),
    {ok, Raw} = gen_tcp:accept(L, 5000),
    ok = gen_tcp:close(L),
    {ok, <<?HANDSHAKE, 3, 1, Size:16>>} = gen_tcp:recv(Raw, 5, 5000),
    {ok, _} = gen_tcp:recv(Raw, Size, 5000),
    {Victim, Raw}.

%% A victim, and what its rogue peer got of the handshake.
meet(server, Config, Options, Rogue) ->
    {Victim, Port} = serve(Config, Options, 10000),
    {ok, Raw} = gen_tcp:connect("localhost", Port, [binary, {active, false}, {nodelay, true}]),
    {Victim, met(rogue_peer:client(Raw, Rogue), Raw)};
meet(client, Config, Options, Rogue) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {nodelay, true}]),
    {ok, Port} = inet:port(L),
    Victim = call(fun() -> outcome(ssl:connect("localhost", Port, options(client(Config), Options), 10000), Options) end),
    {ok, Raw} = gen_tcp:accept(L, 5000),
    ok = gen_tcp:close(L),
    {Victim, met(rogue_peer:server(Raw, Rogue), Raw)}.

%% A rogue that is found out closes.
met({ok, _} = Ok, _) -> Ok;
met(Ended, Raw) -> gen_tcp:close(Raw), Ended.

serve(Config, Options, Timeout) ->
    {ok, L} = ssl:listen(0, options(server(Config), Options)),
    {ok, {_, Port}} = ssl:sockname(L),
    Victim = call(fun() ->
                          {ok, A} = ssl:transport_accept(L, 5000),
                          ok = ssl:close(L),
                          outcome(ssl:handshake(A, Timeout), Options)
                  end),
    {Victim, Port}.

%% A rogue server's client has one key share only.
options(Own, Options) ->
    Defaults = [O || {K, _} = O <- [{active, false}, {supported_groups, [x25519]}, {log_level, none}], not lists:keymember(K, 1, Options)],
    [binary | Defaults] ++ Options ++ [O || {K, _} = O <- Own, not lists:keymember(K, 1, Options)].

%% What becomes of a connection: its error, or the first that is delivered.
outcome({ok, Socket}, Options) ->
    case proplists:get_value(active, Options, false) of
        false ->
            case ssl:recv(Socket, 0, 10000) of
                {ok, Data} -> {delivered, Data};
                Error -> {error, closed} = ssl:recv(Socket, 0, 1000), Error
            end;
        _ ->
            receive
                {ssl, Socket, Data} -> {delivered, Data};
                {ssl_error, Socket, Reason} -> {error, Reason};
                {ssl_closed, Socket} -> {error, closed};
                Other -> {unexpected, Other}
            after 10000 -> silence
            end
    end;
outcome(Error, _) ->
    Error.

%% The alert of an error that the victim itself found.
local_alert(Role, {error, {tls_alert, {Alert, Text}}}) ->
    {Start, Who} = case Role of
                       server -> {"TLS server: In state ", " generated SERVER ALERT: Fatal - "};
                       client -> {"TLS client: In state ", " generated CLIENT ALERT: Fatal - "}
                   end,
    ?assert(lists:prefix(Start, Text), Text),
    ?assertNotEqual(nomatch, string:find(Text, Who), Text),
    {Alert, Text};
local_alert(_, Other) ->
    error({no_alert, Other}).

%% Key and chain of the rogue that meets a victim of this role.
identity(server, Config) -> identity(client(Config));
identity(client, Config) -> identity(server(Config)).

identity(Options) when is_list(Options) ->
    {Type, Key} = proplists:get_value(key, Options),
    Leaf = proplists:get_value(cert, Options),
    Cas = proplists:get_value(cacerts, Options),
    #{key => public_key:der_decode(Type, Key), chain => [Leaf | [Ca || Ca <- Cas, not public_key:pkix_is_self_signed(Ca)]]}.

chain(Role, Config, leaf) ->
    hd(maps:get(chain, identity(case Role of server -> server(Config); client -> client(Config) end))).

record(Type, Content) -> [Type, 3, 3, vector(16, Content)].

code(Alert) ->
    maps:get(Alert, #{unexpected_message => 10, bad_record_mac => 20, record_overflow => 22, handshake_failure => 40,
                      bad_certificate => 42, certificate_unknown => 46, illegal_parameter => 47, unknown_ca => 48, decode_error => 50,
                      decrypt_error => 51, protocol_version => 70, insufficient_security => 71, missing_extension => 109,
                      unsupported_extension => 110, certificate_required => 116, internal_error => 80}).
