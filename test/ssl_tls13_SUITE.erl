%% Life cycle of TLS 1.3 connections as programs see it: data, active modes, packets, options, errors, the end, and that
%% nothing is left behind.
-module(ssl_tls13_SUITE).
-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-import(tls_pairs, [server/1, client/1, pair/1, pair/3, dial/3, client_hello/1, call/1, result/1, pid/1, endpoint/1, port_of/1,
                    closed/2, read_to_end/1, endpoints/0, left_nothing/0, eventually/1]).

-export([all/0, groups/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2,
         init_per_testcase/2, end_per_testcase/2]).
-export([echo_in_both_directions/1, one_socket_term/1, shape_of_the_release/1, large_transfer/1, many_senders/1,
         iodata_of_every_shape/1, list_mode/1, header_option/1, recv_exact_lengths/1, recv_times_out_and_goes_on/1,
         two_readers_take_turns/1, reader_and_writer_at_once/1, nothing_to_send/1]).
-export([active_true/1, active_once/1, active_number/1, active_number_out_of_range/1, active_to_passive_keeps_data/1,
         recv_while_active/1, close_frees_readers/1, active_close/1, passive_close/1, half_read_then_close/1]).
-export([packet_header/1, packet_header_fragmented/1, packet_too_large/1, packet_line/1, packet_http/1, packet_changes/1]).
-export([options_of_connections/1, options_of_listeners/1, statistics_and_addresses/1, facts/1, key_material/1,
         updated_keys/1, automatic_key_updates/1, key_log/1, key_log_of_failures/1, empty_protocol_lists/1, hibernates/1]).
-export([unknown_ca/1, hostname_mismatch/1, client_certificate_wanted/1, late_alert_on_setopts/1, late_alert_active/1,
         wrong_arguments/1, after_close/1, before_start/1, connect_times_out/1, handshake_times_out/1, refused/1,
         cancelled_handshake/1, paused_server/1, paused_client/1, error_texts/1, silenced_log/1,
         read_ahead_parameter/1, options_in_information/1, hello_of_the_peer/1]).
-export([upgrade_both_sides/1, upgrade_of_an_active_socket/1, downgrade/1, shutdown_write_then_read/1, other_transport/1, raising_transport/1, socket_backend/1,
         changed_owner/1]).
-export([garbage_to_server/1, garbage_to_client/1, truncated_handshake/1, oversized_record/1, plaintext_after_handshake/1,
         peer_vanishes/1]).
-export([owner_dies/1, owner_dies_in_handshake/1, endpoint_dies/1, never_handshaken/1, reader_dies/1, writer_dies/1,
         stuck_peer_does_not_block_close/1, stop_ends_connections/1, many_connections_leave_nothing/1, memory_of_idle/1]).
%% cb_info of other_transport
-export([connect/4, listen/2, accept/2, send/2, recv/3, close/1, setopts/2, getopts/2, peername/1, sockname/1,
         controlling_process/2, shutdown/2, port/1]).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [{group, G} || {G, _, _} <- groups()].

groups() ->
    [{data, [parallel], [echo_in_both_directions, one_socket_term, shape_of_the_release, large_transfer, many_senders,
                         iodata_of_every_shape, list_mode, header_option, recv_exact_lengths, recv_times_out_and_goes_on,
                         two_readers_take_turns, reader_and_writer_at_once, nothing_to_send]},
     {active, [parallel], [active_true, active_once, active_number, active_number_out_of_range, active_to_passive_keeps_data,
                           recv_while_active, close_frees_readers, active_close, passive_close, half_read_then_close]},
     {packets, [parallel], [packet_header, packet_header_fragmented, packet_too_large, packet_line, packet_http,
                            packet_changes]},
     {options, [parallel], [options_of_connections, options_of_listeners, statistics_and_addresses, facts, key_material,
                            updated_keys, automatic_key_updates, key_log, key_log_of_failures, empty_protocol_lists,
                            hibernates]},
     {errors, [], [unknown_ca, hostname_mismatch, client_certificate_wanted, late_alert_on_setopts, late_alert_active,
                   wrong_arguments, after_close, before_start, connect_times_out, handshake_times_out, refused,
                   cancelled_handshake, paused_server, paused_client, error_texts, silenced_log, read_ahead_parameter,
                   options_in_information, hello_of_the_peer]},
     {transports, [], [upgrade_both_sides, upgrade_of_an_active_socket, downgrade, shutdown_write_then_read, other_transport, raising_transport, socket_backend,
                       changed_owner]},
     {hostile, [], [garbage_to_server, garbage_to_client, truncated_handshake, oversized_record, plaintext_after_handshake,
                    peer_vanishes]},
     {leaks, [], [owner_dies, owner_dies_in_handshake, endpoint_dies, never_handshaken, reader_dies, writer_dies,
                  stuck_peer_does_not_block_close, stop_ends_connections, many_connections_leave_nothing, memory_of_idle]}].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    tls_pairs:credentials() ++ Config.

end_per_suite(_) -> ok.

init_per_group(_, Config) -> Config.
end_per_group(_, _) -> ok.

init_per_testcase(_, Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    Config.
end_per_testcase(_, _) -> ok.

%%--------------------------------------------------------------------------------------------------------------------
%% Data
%%--------------------------------------------------------------------------------------------------------------------

echo_in_both_directions(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(C, <<"to the server">>),
    {ok, <<"to the server">>} = ssl:recv(S, 0, 5000),
    ok = ssl:send(S, "to the client"),
    {ok, <<"to the client">>} = ssl:recv(C, 0, 5000),
    closed(S, C).

one_socket_term(Config) ->
    {ok, L} = ssl:listen(0, [{active, true}, binary | server(Config)]),
    Client = dial(L, Config, []),
    {ok, Accepted} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(Accepted, 5000),
    ?assertEqual(Accepted, S),
    C = result(Client),
    ok = ssl:send(C, <<"x">>),
    receive {ssl, S, <<"x">>} -> ok after 5000 -> ct:fail(no_data) end,
    ok = ssl:close(C),
    receive {ssl_closed, S} -> ok after 5000 -> ct:fail(not_closed) end.

shape_of_the_release(Config) ->
    {S, C} = pair(Config),
    case list_to_integer(erlang:system_info(otp_release)) of
        R when R >= 28 ->
            {sslsocket, Port, Pid, Pid, gen_tcp, tls_gen_connection, _, undefined} = C,
            true = is_port(Port),
            {sslsocket, _, _, _, gen_tcp, tls_gen_connection, _, []} = S;
        _ ->
            {sslsocket, {gen_tcp, Port, tls_connection, _}, [Pid, Pid]} = C,
            true = is_port(Port),
            {sslsocket, {gen_tcp, _, tls_connection, _}, [_, _]} = S
    end,
    closed(S, C).

large_transfer(Config) ->
    {S, C} = pair(Config),
    Data = crypto:strong_rand_bytes(5000001),
    spawn_link(fun() -> ok = ssl:send(C, [Data, [binary_to_list(Data)]]) end),
    Twice = <<Data/binary, Data/binary>>,
    {ok, Twice} = ssl:recv(S, byte_size(Twice), 30000),
    closed(S, C).

%% What one call sends stays together.
many_senders(Config) ->
    {S, C} = pair(Config),
    Size = 400000,
    [spawn_link(fun() -> ok = ssl:send(C, binary:copy(<<N>>, Size)) end) || N <- lists:seq(1, 8)],
    Seen = [begin
                {ok, <<N, _/binary>> = Block} = ssl:recv(S, Size, 20000),
                ?assertEqual(binary:copy(<<N>>, Size), Block),
                N
            end || _ <- lists:seq(1, 8)],
    ?assertEqual(lists:seq(1, 8), lists:sort(Seen)),
    closed(S, C).

iodata_of_every_shape(Config) ->
    {S, C} = pair(Config),
    Big = binary:copy(<<"0123456789">>, 30000),
    lists:foreach(fun(Data) ->
                          Expected = iolist_to_binary(Data),
                          Sender = call(fun() -> ssl:send(C, Data) end),
                          {ok, Expected} = ssl:recv(S, byte_size(Expected), 5000),
                          ok = result(Sender)
                  end, [<<"a">>, "a", [$a], [[], "a", <<>>, [<<"b">>, [$c | <<"d">>]]], [Big, Big, $x], lists:duplicate(100, Big),
                        [[Big | <<"tail">>] | <<"end">>]]),
    closed(S, C).

list_mode(Config) ->
    {S, C} = pair(Config, [list, {active, false}], [list, {active, false}]),
    ok = ssl:send(C, "abc"),
    {ok, "abc"} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [binary, {active, once}]),
    ok = ssl:send(C, "def"),
    receive {ssl, S, <<"def">>} -> ok after 5000 -> ct:fail(no_data) end,
    closed(S, C).

header_option(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {header, 2}], [binary]),
    ok = ssl:send(C, <<"abcd">>),
    {ok, [$a, $b | <<"cd">>]} = ssl:recv(S, 0, 5000),
    ok = ssl:send(C, <<"ab">>),
    {ok, [$a, $b | <<>>]} = ssl:recv(S, 0, 5000),
    ok = ssl:send(C, <<"a">>),
    {ok, "a"} = ssl:recv(S, 0, 5000),
    closed(S, C).

recv_exact_lengths(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(C, <<"abcdefgh">>),
    {ok, <<"abc">>} = ssl:recv(S, 3, 5000),
    {ok, <<"d">>} = ssl:recv(S, 1, 5000),
    {ok, <<"efgh">>} = ssl:recv(S, 0, 5000),
    {error, timeout} = ssl:recv(S, 1, 0),
    closed(S, C).

recv_times_out_and_goes_on(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(C, <<"abc">>),
    {error, timeout} = ssl:recv(S, 4, 200),
    ok = ssl:send(C, <<"d">>),
    {ok, <<"abcd">>} = ssl:recv(S, 4, 5000),
    {error, timeout} = ssl:recv(S, 0, 50),
    {error, timeout} = ssl:recv(S, 0, 0),
    closed(S, C).

two_readers_take_turns(Config) ->
    {S, C} = pair(Config),
    Readers = [call(fun() -> ssl:recv(S, 4, 10000) end) || _ <- lists:seq(1, 4)],
    timer:sleep(100),
    {error, timeout} = ssl:recv(S, 4, 50),
    ok = ssl:send(C, <<"aaaabbbbccccdddd">>),
    ?assertEqual([{ok, <<"aaaa">>}, {ok, <<"bbbb">>}, {ok, <<"cccc">>}, {ok, <<"dddd">>}], lists:sort([result(R) || R <- Readers])),
    closed(S, C).

reader_and_writer_at_once(Config) ->
    {S, C} = pair(Config),
    Data = crypto:strong_rand_bytes(3000000),
    Send = fun(Socket) -> call(fun() -> ssl:send(Socket, Data) end) end,
    Recv = fun(Socket) -> call(fun() -> ssl:recv(Socket, byte_size(Data), 30000) end) end,
    [A, B, D, E] = [Recv(S), Recv(C), Send(S), Send(C)],
    ?assertEqual([{ok, Data}, {ok, Data}, ok, ok], [result(X) || X <- [A, B, D, E]]),
    closed(S, C).

nothing_to_send(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(C, []),
    ok = ssl:send(C, <<>>),
    ok = ssl:send(C, "x"),
    {ok, <<"x">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

%%--------------------------------------------------------------------------------------------------------------------
%% Active modes
%%--------------------------------------------------------------------------------------------------------------------

active_true(Config) ->
    {S, C} = pair(Config, [{active, true}, binary], [binary, {active, false}]),
    Data = crypto:strong_rand_bytes(700000),
    [ok = ssl:send(C, Data) || _ <- lists:seq(1, 5)],
    ?assertEqual(binary:copy(Data, 5), collect(S, 3500000, <<>>)),
    closed(S, C).

active_once(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(C, <<"one">>),
    ok = ssl:setopts(S, [{active, once}]),
    receive {ssl, S, <<"one">>} -> ok after 5000 -> ct:fail(no_data) end,
    {ok, [{active, false}]} = ssl:getopts(S, [active]),
    ok = ssl:send(C, <<"two">>),
    receive {ssl, S, _} -> ct:fail(too_much) after 100 -> ok end,
    {ok, <<"two">>} = ssl:recv(S, 0, 5000),
    [begin
         ok = ssl:setopts(S, [{active, once}]),
         ok = ssl:send(C, <<N>>),
         receive {ssl, S, <<N>>} -> ok after 5000 -> ct:fail(no_data) end
     end || N <- lists:seq(1, 50)],
    closed(S, C).

active_number(Config) ->
    {S, C} = pair(Config),
    ok = ssl:setopts(S, [{active, 2}]),
    ok = ssl:setopts(S, [{active, 1}]),
    {ok, [{active, 3}]} = ssl:getopts(S, [active]),
    [begin
         ok = ssl:send(C, <<N>>),
         receive {ssl, S, <<N>>} -> ok after 5000 -> ct:fail(no_data) end
     end || N <- [1, 2, 3]],
    receive {ssl_passive, S} -> ok after 5000 -> ct:fail(not_passive) end,
    {ok, [{active, false}]} = ssl:getopts(S, [active]),
    ok = ssl:setopts(S, [{active, 10}]),
    ok = ssl:setopts(S, [{active, -10}]),
    receive {ssl_passive, S} -> ok after 5000 -> ct:fail(not_passive) end,
    ok = ssl:setopts(S, [{active, 0}]),
    receive {ssl_passive, S} -> ok after 5000 -> ct:fail(not_passive) end,
    ok = ssl:send(C, <<"later">>),
    {ok, <<"later">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

active_number_out_of_range(Config) ->
    {S, C} = pair(Config),
    {error, {options, {socket_options, {active, 32768}}}} = ssl:setopts(S, [{active, 32768}]),
    ok = ssl:setopts(S, [{active, 32767}]),
    {error, {options, {socket_options, {active, 1}}}} = ssl:setopts(S, [{active, 1}]),
    {ok, [{active, 32767}]} = ssl:getopts(S, [active]),
    ok = ssl:setopts(S, [{active, -32768}]),
    receive {ssl_passive, S} -> ok after 5000 -> ct:fail(not_passive) end,
    closed(S, C).

active_to_passive_keeps_data(Config) ->
    {S, C} = pair(Config, [{active, true}, binary], [binary, {active, false}]),
    Data = crypto:strong_rand_bytes(2000000),
    Sender = call(fun() -> ssl:send(C, Data) end),
    receive {ssl, S, First} ->
            ok = ssl:setopts(S, [{active, false}]),
            Some = collected(S, First),
            {ok, Rest} = ssl:recv(S, byte_size(Data) - byte_size(Some), 10000),
            ?assertEqual(Data, <<Some/binary, Rest/binary>>)
    after 5000 -> ct:fail(no_data)
    end,
    ok = result(Sender),
    ok = ssl:send(C, <<"x">>),
    {ok, <<"x">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

%% Who waits for data when another process closes does not wait long.
close_frees_readers(Config) ->
    {S, C} = pair(Config),
    Readers = [call(fun() -> ssl:recv(C, 0, 10000) end) || _ <- [1, 2]],
    timer:sleep(50),
    Before = erlang:monotonic_time(millisecond),
    ok = ssl:close(C),
    [{error, closed} = result(R) || R <- Readers],
    true = erlang:monotonic_time(millisecond) - Before < 1500,
    {error, closed} = ssl:recv(S, 0, 5000),
    ok = ssl:close(S).

recv_while_active(Config) ->
    {S, C} = pair(Config, [{active, true}], [{active, false}]),
    {error, einval} = ssl:recv(S, 0, 1000),
    closed(S, C).

active_close(Config) ->
    {S, C} = pair(Config, [{active, true}, binary], [binary, {active, false}]),
    ok = ssl:send(C, <<"last">>),
    ok = ssl:close(C),
    receive {ssl, S, <<"last">>} -> ok after 5000 -> ct:fail(no_data) end,
    receive {ssl_closed, S} -> ok after 5000 -> ct:fail(not_closed) end,
    {error, closed} = ssl:send(S, <<"x">>),
    {error, closed} = ssl:recv(S, 0, 1000).

passive_close(Config) ->
    {S, C} = pair(Config),
    Reader = call(fun() -> ssl:recv(S, 0, 10000) end),
    timer:sleep(50),
    Before = erlang:monotonic_time(millisecond),
    ok = ssl:close(C),
    {error, closed} = result(Reader),
    true = erlang:monotonic_time(millisecond) - Before < 2000,
    {error, closed} = ssl:recv(S, 0, 1000),
    ok = ssl:close(S).

half_read_then_close(Config) ->
    {S, C} = pair(Config),
    ok = ssl:send(C, <<"abcdef">>),
    ok = ssl:close(C),
    {ok, <<"abc">>} = ssl:recv(S, 3, 5000),
    {ok, <<"def">>} = ssl:recv(S, 0, 5000),
    {error, closed} = ssl:recv(S, 0, 5000),
    {S2, C2} = pair(Config),
    ok = ssl:send(C2, <<"abcdef">>),
    ok = ssl:close(C2),
    {ok, <<"abc">>} = ssl:recv(S2, 3, 5000),
    ok = ssl:setopts(S2, [{active, once}]),
    receive {ssl, S2, <<"def">>} -> ok after 5000 -> ct:fail(no_data) end,
    ok = ssl:setopts(S2, [{active, once}]),
    receive {ssl_closed, S2} -> ok after 5000 -> ct:fail(not_closed) end.

%%--------------------------------------------------------------------------------------------------------------------
%% Packets
%%--------------------------------------------------------------------------------------------------------------------

packet_header(Config) ->
    lists:foreach(
      fun(N) ->
              {S, C} = pair(Config, [binary, {active, false}, {packet, N}], [binary, {packet, N}]),
              Large = binary:copy(<<"p">>, min(200000, (1 bsl (8 * N)) - 1)),
              [ok = ssl:send(C, P) || P <- [<<"a">>, Large, <<>>, ["b", <<"c">>]]],
              {ok, <<"a">>} = ssl:recv(S, 0, 5000),
              {ok, Large} = ssl:recv(S, 0, 5000),
              ok = ssl:setopts(S, [{active, 2}]),
              receive {ssl, S, <<>>} -> ok after 5000 -> ct:fail({no_data, N}) end,
              receive {ssl, S, <<"bc">>} -> ok after 5000 -> ct:fail({no_data, N}) end,
              receive {ssl_passive, S} -> ok after 5000 -> ct:fail(not_passive) end,
              Max = (1 bsl (8 * N)) - 1,
              N < 4 andalso
                  ({error, {badarg, {packet_to_large, Max + 1, Max}}} =:= ssl:send(C, binary:copy(<<0>>, Max + 1)) orelse ct:fail(sent)),
              closed(S, C)
      end, [1, 2, 4]).

packet_header_fragmented(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {packet, 4}], [binary]),
    [ok = ssl:send(C, <<Byte>>) || <<Byte>> <= <<5:32, "hello", 2:32, "yo">>],
    {ok, <<"hello">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{active, once}]),
    receive {ssl, S, <<"yo">>} -> ok after 5000 -> ct:fail(no_data) end,
    ok = ssl:send(C, <<1:32, "a", 1:32, "b", 1:32, "c">>),
    ok = ssl:setopts(S, [{active, once}]),
    receive {ssl, S, <<"a">>} -> ok after 5000 -> ct:fail(no_data) end,
    receive {ssl, S, _} -> ct:fail(too_much) after 100 -> ok end,
    {ok, <<"b">>} = ssl:recv(S, 0, 5000),
    {ok, <<"c">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

packet_too_large(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {packet, 4}, {packet_size, 10}], [binary]),
    ok = ssl:send(C, <<11:32, "01234567890">>),
    {error, {invalid_packet, _}} = ssl:recv(S, 0, 5000),
    {error, closed} = ssl:recv(S, 0, 5000),
    {S2, C2} = pair(Config, [binary, {active, true}, {packet, 4}, {packet_size, 10}], [binary]),
    ok = ssl:send(C2, <<11:32, "01234567890">>),
    receive {ssl_error, S2, {invalid_packet, _}} -> ok after 5000 -> ct:fail(no_error) end,
    ok = ssl:close(C),
    ok = ssl:close(C2).

packet_line(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {packet, line}], [binary, {active, false}]),
    ok = ssl:send(C, <<"one\ntwo\nthr">>),
    {ok, <<"one\n">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{active, once}]),
    receive {ssl, S, <<"two\n">>} -> ok after 5000 -> ct:fail(no_data) end,
    {error, timeout} = ssl:recv(S, 0, 100),
    ok = ssl:send(C, <<"ee\n">>),
    {ok, <<"three\n">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

packet_http(Config) ->
    {S, C} = pair(Config, [list, {active, false}, {packet, http}], [binary]),
    ok = ssl:send(C, <<"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody">>),
    {ok, {http_request, 'POST', {abs_path, "/"}, {1, 1}}} = ssl:recv(S, 0, 5000),
    {ok, {http_header, _, 'Content-Length', _, "4"}} = ssl:recv(S, 0, 5000),
    {ok, http_eoh} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{packet, raw}]),
    {ok, "body"} = ssl:recv(S, 4, 5000),
    ok = ssl:setopts(S, [{packet, http_bin}, binary, {active, true}]),
    ok = ssl:send(C, <<"GET /a HTTP/1.0\r\n\r\n">>),
    receive {ssl, S, {http_request, 'GET', {abs_path, <<"/a">>}, {1, 0}}} -> ok after 5000 -> ct:fail(no_request) end,
    receive {ssl, S, http_eoh} -> ok after 5000 -> ct:fail(no_end) end,
    closed(S, C).

packet_changes(Config) ->
    {S, C} = pair(Config, [binary, {active, false}, {packet, line}], [binary, {active, false}]),
    ok = ssl:send(C, <<"header\n", 3:32, "abc", "raw">>),
    {ok, <<"header\n">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{packet, 4}]),
    {ok, [{packet, 4}]} = ssl:getopts(S, [packet]),
    {ok, <<"abc">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(S, [{packet, 0}]),
    {ok, <<"raw">>} = ssl:recv(S, 3, 5000),
    ok = ssl:setopts(S, [{packet, 2}]),
    ok = ssl:send(C, <<2:16, "hi">>),
    {ok, <<"hi">>} = ssl:recv(S, 0, 5000),
    ok = ssl:send(S, <<"out">>),
    {ok, <<3:16, "out">>} = ssl:recv(C, 5, 5000),
    closed(S, C).

%%--------------------------------------------------------------------------------------------------------------------
%% Options and facts
%%--------------------------------------------------------------------------------------------------------------------

options_of_connections(Config) ->
    {S, C} = pair(Config),
    {ok, Socket} = gen_tcp:listen(0, []),
    {ok, [{buffer, Buffer}]} = inet:getopts(Socket, [buffer]),
    {ok, [{buffer, Shown}, {packet_size, 0}, {header, 0}, {packet, 0}, {mode, binary}, {active, false}]} =
        ssl:getopts(C, [active, mode, packet, header, packet_size, buffer]),
    %% The user sees the size the system gives, not ours.
    true = Shown =< max(Buffer, 9216),
    ok = ssl:setopts(C, [{buffer, 12345}, {nodelay, true}, list]),
    {ok, [{mode, list}, {nodelay, true}, {buffer, 12345}]} = ssl:getopts(C, [buffer, nodelay, mode]),
    {error, {options, {socket_options, foo, einval}}} = ssl:getopts(C, [mode, foo]),
    {error, {options, {socket_options, foo}}} = ssl:getopts(C, foo),
    {error, {options, {socket_options, [{foo, 1}], einval}}} = ssl:setopts(C, [{foo, 1}]),
    {error, {options, {socket_options, {mode, both}}}} = ssl:setopts(C, [{mode, both}]),
    {error, {options, {socket_options, {packet, 3}}}} = ssl:setopts(C, [{packet, 3}]),
    {error, {options, {socket_options, {active, foo}}}} = ssl:setopts(C, [{active, foo}]),
    {error, {options, {not_a_proplist, foo}}} = ssl:setopts(C, foo),
    {error, {options, {not_a_proplist, [foo | bar]}}} = ssl:setopts(C, [foo | bar]),
    closed(S, C).

options_of_listeners(Config) ->
    {ok, L} = ssl:listen(0, [{active, false}, binary | server(Config)]),
    {ok, [{mode, binary}, {active, false}]} = ssl:getopts(L, [active, mode]),
    ok = ssl:setopts(L, [{active, 5}, {nodelay, true}]),
    {ok, [{active, 5}, {nodelay, true}]} = ssl:getopts(L, [active, nodelay]),
    Client = dial(L, Config, []),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(A, 5000),
    {ok, [{active, 5}]} = ssl:getopts(S, [active]),
    C = result(Client),
    ok = ssl:setopts(L, [{active, -5}]),
    receive {ssl_passive, L} -> ok after 1000 -> ct:fail(not_passive) end,
    {ok, [{active, false}]} = ssl:getopts(L, [active]),
    {error, {options, {socket_options, [{foo, 5}], einval}}} = ssl:setopts(L, [{foo, 5}]),
    {error, enotconn} = ssl:recv(L, 0),
    {error, enotconn} = ssl:send(L, "x"),
    {error, enotconn} = ssl:peername(L),
    {error, enotconn} = ssl:peercert(L),
    {error, enotconn} = ssl:connection_information(L),
    {error, enotconn} = ssl:shutdown(L, write),
    {error, enotconn} = ssl:renegotiate(L),
    {error, not_supported} = ssl:update_keys(L, write),
    {error, timeout} = ssl:transport_accept(L, 0),
    ok = ssl:close(L),
    ok = ssl:close(L),
    {error, closed} = ssl:transport_accept(L),
    closed(S, C).

statistics_and_addresses(Config) ->
    {S, C} = pair(Config),
    {ok, {Ip, Port}} = ssl:sockname(C),
    {ok, {Ip, Port}} = ssl:peername(S),
    {ok, Address} = ssl:sockname(S),
    {ok, Address} = ssl:peername(C),
    {ok, [{recv_oct, Before}]} = ssl:getstat(S, [recv_oct]),
    ok = ssl:send(C, <<"x">>),
    {ok, _} = ssl:recv(S, 0, 5000),
    {ok, [{recv_oct, After}]} = ssl:getstat(S, [recv_oct]),
    true = After > Before,
    {ok, [_ | _]} = ssl:getstat(S),
    closed(S, C).

facts(Config) ->
    {S, C} = pair(Config, [{alpn_preferred_protocols, [<<"b">>, <<"a">>]}, {active, false}],
                  [{alpn_advertised_protocols, [<<"a">>, <<"b">>]}, {active, false}]),
    {ok, Protocol} = ssl:negotiated_protocol(C),
    {ok, Protocol} = ssl:negotiated_protocol(S),
    {ok, [{protocol, 'tlsv1.3'}, {selected_cipher_suite, Suite}]} =
        ssl:connection_information(C, [selected_cipher_suite, protocol]),
    #{key_exchange := any, mac := aead} = Suite,
    {ok, Info} = ssl:connection_information(S),
    {_, Suite} = lists:keyfind(selected_cipher_suite, 1, Info),
    {_, Group} = lists:keyfind(selected_group, 1, Info),
    true = lists:member(Group, ssl:groups()),
    {_, "localhost"} = lists:keyfind(sni_hostname, 1, Info),
    {_, [_ | _]} = lists:keyfind(ciphers, 1, Info),
    false = lists:keyfind(client_random, 1, Info),
    {ok, [{client_random, <<Random:32/binary>>}]} = ssl:connection_information(S, [client_random]),
    {ok, [{client_random, Random}]} = ssl:connection_information(C, [client_random]),
    {ok, [{server_random, ServerRandom}]} = ssl:connection_information(S, [server_random]),
    {ok, [{server_random, ServerRandom}]} = ssl:connection_information(C, [server_random]),
    {ok, Der} = ssl:peercert(C),
    _ = public_key:pkix_decode_cert(Der, otp),
    {error, no_peercert} = ssl:peercert(S),
    {S2, C2} = pair(Config),
    {error, protocol_not_negotiated} = ssl:negotiated_protocol(C2),
    closed(S2, C2),
    closed(S, C).

key_material(Config) ->
    {S, C} = pair(Config),
    {ok, [Key]} = ssl:export_key_materials(C, [<<"label">>], [<<"context">>], [32], false),
    {ok, [Key, Other]} = ssl:export_key_materials(S, [<<"label">>, <<"other">>], [<<"context">>, no_context], [32, 20], false),
    32 = byte_size(Key),
    20 = byte_size(Other),
    {error, bad_input} = ssl:export_key_materials(S, [<<"label">>], [], [32], false),
    {ok, [Key]} = ssl:export_key_materials(C, [<<"label">>], [<<"context">>], [32]),
    {error, exporter_master_secret_already_consumed} = ssl:export_key_materials(C, [<<"label">>], [<<"context">>], [32]),
    closed(S, C).

updated_keys(Config) ->
    {S, C} = pair(Config),
    [begin
         ok = ssl:update_keys(C, Type),
         ok = ssl:send(C, <<"after">>),
         {ok, <<"after">>} = ssl:recv(S, 5, 5000),
         ok = ssl:send(S, <<"back">>),
         {ok, <<"back">>} = ssl:recv(C, 4, 5000)
     end || Type <- [write, read_write, read_write, write]],
    {error, {illegal_parameter, both}} = ssl:update_keys(C, both),
    ok = ssl:setopts(S, [{active, true}]),
    ok = ssl:update_keys(C, read_write),
    ok = ssl:send(C, <<"active">>),
    receive {ssl, S, <<"active">>} -> ok after 5000 -> ct:fail(no_data) end,
    ok = ssl:update_keys(S, read_write),
    ok = ssl:send(S, <<"x">>),
    {ok, <<"x">>} = ssl:recv(C, 1, 5000),
    closed(S, C).

%% Both sides get new keys, though one of them says nothing, where OTP's get them.
automatic_key_updates(Config) ->
    Options = [{keep_secrets, true}, {key_update_at, 14}, {mode, binary}],
    [begin
         {S, C} = pair(Config, [{active, true} | Options], [{active, true} | Options]),
         {From, To} = case Sender of client -> {C, S}; server -> {S, C} end,
         ok = ssl:send(From, binary:copy(<<"x">>, 15)),
         15 = received(To, 15),
         ok = ssl:send(From, binary:copy(<<"y">>, 100)),
         100 = received(To, 100),
         eventually(fun() ->
                            Logs = [[_, _], [_, _]] = [Lines || Socket <- [S, C],
                                                                {ok, [{keylog, Lines}]} <- [ssl:connection_information(Socket, [keylog])]],
                            [Same, Same] = [lists:sort(Lines) || Lines <- Logs],
                            ["CLIENT_TRAFFIC_SECRET_10" ++ _, "SERVER_TRAFFIC_SECRET_10" ++ _] = Same
                    end),
         closed(S, C)
     end || Sender <- [client, server]].

received(_, 0) -> 0;
received(Socket, Want) ->
    receive {ssl, Socket, Data} -> byte_size(Data) + received(Socket, Want - byte_size(Data))
    after 5000 -> ct:fail({missing, Want})
    end.

%% {keylog_hs, Fun}: what was in use when the handshake failed. A client is connected when the server refuses its certificate.
key_log_of_failures(Config) ->
    Self = self(),
    Log = fun(Tag) -> {keep_secrets, {keylog_hs, fun(Info) -> Self ! {Tag, Info} end}} end,
    Server = [{verify, verify_peer}, {fail_if_no_peer_cert, true}, {log_level, none}, Log(server) | server(Config)],
    Nameless = [O || {Name, _} = O <- client(Config), Name =/= cert, Name =/= key],
    {ok, L} = ssl:listen(0, Server),
    {ok, {_, Port}} = ssl:sockname(L),
    Client = call(fun() ->
                          {ok, C} = ssl:connect("localhost", Port, [{active, false}, {log_level, none}, Log(client) | Nameless], 5000),
                          ssl:recv(C, 0, 5000)
                  end),
    {ok, A} = ssl:transport_accept(L, 5000),
    {error, {tls_alert, {certificate_required, _}}} = ssl:handshake(A, 5000),
    {error, {tls_alert, {certificate_required, _}}} = result(Client),
    Names = fun(Tag) ->
                    receive {Tag, #{items := Items, client_random := <<_:32/binary>>}} ->
                            [hd(string:split(lists:flatten(I), " ")) || I <- Items]
                    after 5000 -> ct:fail({no_log, Tag})
                    end
            end,
    ?assertEqual(["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"],
                 Names(server)),
    ?assertEqual(["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                  "SERVER_TRAFFIC_SECRET_0"], lists:sort(fun by_side/2, Names(client))),
    ok = ssl:close(L).

%% Handshake secrets first, the client's before the server's.
by_side(A, B) -> {not is_handshake(A), A} =< {not is_handshake(B), B}.
is_handshake(Name) -> string:find(Name, "HANDSHAKE") =/= nomatch.

%% A list without protocols is not the same as none: nobody can agree with it.
empty_protocol_lists(Config) ->
    Names = [<<"h2">>],
    [begin
         {ok, L} = ssl:listen(0, [{log_level, none} | S] ++ server(Config)),
         Client = dial(L, Config, [{log_level, none} | C]),
         {ok, A} = ssl:transport_accept(L, 5000),
         {error, {tls_alert, {no_application_protocol, _}}} = ssl:handshake(A, 5000),
         {error, {tls_alert, {no_application_protocol, _}}} = result(Client),
         ok = ssl:close(L)
     end || {S, C} <- [{[{alpn_preferred_protocols, []}], [{alpn_advertised_protocols, Names}]},
                       {[{alpn_preferred_protocols, Names}], [{alpn_advertised_protocols, []}]},
                       {[{alpn_preferred_protocols, []}], []}]],
    {S, C} = pair(Config, [], [{alpn_advertised_protocols, []}]),
    {error, protocol_not_negotiated} = ssl:negotiated_protocol(C),
    closed(S, C).

key_log(Config) ->
    Self = self(),
    {S, C} = pair(Config, [{keep_secrets, true}, binary, {active, false}],
                  [{keep_secrets, {keylog, fun(Info) -> Self ! {log, Info} end}}, {active, false}]),
    {ok, [{keylog, [_ | _] = Lines}]} = ssl:connection_information(S, [keylog]),
    ?assertEqual(["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                  "SERVER_TRAFFIC_SECRET_0"],
                 lists:sort([hd(string:split(lists:flatten(L), " ")) || L <- Lines])),
    {ok, [{client_random, Random}]} = ssl:connection_information(S, [client_random]),
    Logged = lists:append([receive {log, #{items := Items, client_random := Random}} -> Items
                           after 5000 -> ct:fail(no_log)
                           end || _ <- [handshake, client, server]]),
    ?assertEqual(lists:sort([lists:flatten(L) || L <- Lines]), lists:sort([lists:flatten(I) || I <- Logged])),
    closed(S, C).

hibernates(Config) ->
    {S, C} = pair(Config, [{hibernate_after, 50}, {active, true}], [{hibernate_after, 50}, {active, false}]),
    ok = ssl:send(C, <<"x">>),
    receive {ssl, S, _} -> ok after 5000 -> ct:fail(no_data) end,
    %% A hibernating process has no stack to speak of.
    eventually(fun() -> [?assertMatch({total_heap_size, Words} when Words < 300, process_info(endpoint(Socket), total_heap_size))
                         || Socket <- [S, C]] end),
    closed(S, C).

%%--------------------------------------------------------------------------------------------------------------------
%% Errors
%%--------------------------------------------------------------------------------------------------------------------

unknown_ca(Config) ->
    {Server, Client} = failing(Config, [], [{cacerts, []}]),
    {error, {tls_alert, {unknown_ca, ClientText}}} = Client,
    {error, {tls_alert, {unknown_ca, ServerText}}} = Server,
    "TLS client: In state " ++ _ = ClientText,
    {match, _} = re:run(ClientText, "generated CLIENT ALERT: Fatal - Unknown CA"),
    {match, _} = re:run(ServerText, "^TLS server: In state .* received CLIENT ALERT: Fatal - Unknown CA\n$").

hostname_mismatch(Config) ->
    {Server, Client} = failing(Config, [], [{server_name_indication, "other.example"}]),
    {error, {tls_alert, {bad_certificate, Text}}} = Client,
    {match, _} = re:run(Text, "hostname_check_failed"),
    {error, {tls_alert, {bad_certificate, _}}} = Server.

client_certificate_wanted(Config) ->
    {Server, _} = failing(Config, [{verify, verify_peer}, {fail_if_no_peer_cert, true}], [{certs_keys, []}, no_certificate]),
    {error, {tls_alert, {certificate_required, Text}}} = Server,
    {match, _} = re:run(Text, "generated SERVER ALERT: Fatal - Certificate Required"),
    %% The client hears of it when it reads.
    {_, {ok, C}} = failing(Config, [{verify, verify_peer}, {fail_if_no_peer_cert, true}], [no_certificate, {active, false}]),
    {error, {tls_alert, {certificate_required, ClientText}}} = ssl:recv(C, 0, 5000),
    {match, _} = re:run(ClientText, "received SERVER ALERT: Fatal - Certificate Required"),
    {error, closed} = ssl:recv(C, 0, 5000),
    {error, closed} = ssl:send(C, <<"x">>).

late_alert_on_setopts(Config) ->
    {_, {ok, C}} = failing(Config, [{verify, verify_peer}, {fail_if_no_peer_cert, true}], [no_certificate, {active, false}]),
    timer:sleep(200),
    {error, {tls_alert, {certificate_required, _}}} = ssl:setopts(C, [{active, once}]),
    {error, closed} = ssl:setopts(C, [{active, once}]).

late_alert_active(Config) ->
    {_, {ok, C}} = failing(Config, [{verify, verify_peer}, {fail_if_no_peer_cert, true}], [no_certificate, {active, true}]),
    receive {ssl_error, C, {tls_alert, {certificate_required, _}}} -> ok after 5000 -> ct:fail(no_alert) end.

wrong_arguments(Config) ->
    {S, C} = pair(Config),
    {ok, L} = ssl:listen(0, server(Config)),
    [?assertError(function_clause, Fun())
     || Fun <- [fun() -> ssl:recv(C, -1) end, fun() -> ssl:recv(C, 0, foo) end, fun() -> ssl:connect(foo, bar) end,
                fun() -> ssl:connect("localhost", 1, foo) end, fun() -> ssl:connect("localhost", 1, [], -1) end,
                fun() -> ssl:listen(foo, [{active, false}]) end, fun() -> ssl:transport_accept(L, foo) end,
                fun() -> ssl:transport_accept(C) end, fun() -> ssl:controlling_process(C, foo) end,
                fun() -> ssl:negotiated_protocol(L) end, fun() -> ssl:connection_information(L, [protocol]) end,
                fun() -> ssl:handshake(C, foo) end, fun() -> ssl:send(foo, "x") end, fun() -> ssl:close(foo) end]],
    {error, nooptions} = ssl:listen(0, []),
    {error, closed} = ssl:send(C, foo),
    closed(S, C).

after_close(Config) ->
    {S, C} = pair(Config),
    ok = ssl:close(C),
    ok = ssl:close(C),
    [?assertEqual({error, closed}, Fun())
     || Fun <- [fun() -> ssl:send(C, "x") end, fun() -> ssl:recv(C, 0) end, fun() -> ssl:recv(C, 0, 100) end,
                fun() -> ssl:setopts(C, [{active, once}]) end, fun() -> ssl:getopts(C, [active]) end,
                fun() -> ssl:shutdown(C, write) end, fun() -> ssl:controlling_process(C, self()) end,
                fun() -> ssl:connection_information(C) end, fun() -> ssl:peercert(C) end,
                fun() -> ssl:negotiated_protocol(C) end, fun() -> ssl:update_keys(C, write) end,
                fun() -> ssl:renegotiate(C) end, fun() -> ssl:export_key_materials(C, [<<"a">>], [no_context], [5]) end,
                fun() -> ssl:recv(S, 0, 5000) end]],
    eventually(fun() -> {error, einval} = ssl:peername(C), {error, einval} = ssl:sockname(C) end),
    ok = ssl:close(S).

before_start(Config) ->
    Server = server(Config),
    Client = client(Config),
    {ok, L} = ssl:listen(0, Server),
    ok = ssl:stop(),
    {error, ssl_not_started} = ssl:connect("localhost", 1, Client),
    {error, ssl_not_started} = ssl:listen(0, Server),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Plain} = gen_tcp:connect("localhost", Port, []),
    {error, ssl_not_started} = ssl:transport_accept(L, 5000),
    {error, ssl_not_started} = ssl:connect(Plain, Client),
    ok = ssl:start(),
    ok = ssl:start(),
    ok = ssl:close(L),
    {S, C} = pair(Config),
    closed(S, C).

connect_times_out(Config) ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(L),
    Before = erlang:monotonic_time(millisecond),
    {error, timeout} = ssl:connect("localhost", Port, client(Config), 300),
    true = erlang:monotonic_time(millisecond) - Before < 1500.

handshake_times_out(Config) ->
    {ok, L} = ssl:listen(0, server(Config)),
    {ok, {_, Port}} = ssl:sockname(L),
    {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
    {ok, A} = ssl:transport_accept(L, 5000),
    {error, timeout} = ssl:handshake(A, 200),
    %% It said why: user_canceled, close_notify.
    {ok, <<21, 3, _, 0, 2, 1, 90, 21, 3, _, 0, 2, 1, 0>>} = gen_tcp:recv(Plain, 14, 5000),
    {error, closed} = ssl:handshake(A, 200).

refused(Config) ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(L),
    ok = gen_tcp:close(L),
    {error, econnrefused} = ssl:connect("localhost", Port, client(Config)),
    {ok, L2} = ssl:listen(0, server(Config)),
    {ok, {_, Port2}} = ssl:sockname(L2),
    {error, eaddrinuse} = ssl:listen(Port2, server(Config)).

cancelled_handshake(Config) ->
    {ok, L} = ssl:listen(0, server(Config)),
    Client = dial(L, Config, []),
    {ok, A} = ssl:transport_accept(L, 5000),
    ok = ssl:close(A),
    {error, closed} = result(Client).

paused_server(Config) ->
    {ok, L} = ssl:listen(0, [{handshake, hello}, {active, false}, binary | server(Config)]),
    Client = dial(L, Config, []),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, A, #{sni := "localhost"}} = ssl:handshake(A, 5000),
    {ok, S} = ssl:handshake_continue(A, [{alpn_preferred_protocols, [<<"x">>]}], 5000),
    C = result(Client),
    ok = ssl:send(C, <<"hello">>),
    {ok, <<"hello">>} = ssl:recv(S, 0, 5000),
    closed(S, C),
    Client2 = dial(L, Config, []),
    {ok, A2} = ssl:transport_accept(L, 5000),
    {ok, A2, _} = ssl:handshake(A2, 5000),
    ok = ssl:handshake_cancel(A2),
    {error, {tls_alert, {user_canceled, _}}} = result(Client2).

paused_client(Config) ->
    {ok, L} = ssl:listen(0, [{active, false}, binary | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Server = call(fun() -> {ok, A} = ssl:transport_accept(L, 5000), ssl:handshake(A, 5000) end),
    {ok, P, _} = ssl:connect("localhost", Port, [{handshake, hello}, {active, false} | client(Config)]),
    {ok, C} = ssl:handshake_continue(P, [], 5000),
    {ok, S} = result(Server),
    ok = ssl:send(C, <<"hello">>),
    {ok, <<"hello">>} = ssl:recv(S, 0, 5000),
    closed(S, C).

error_texts(_) ->
    "TLS connection is closed" = ssl:format_error({error, closed}),
    "text" = ssl:format_error({tls_alert, {unknown_ca, "text"}}),
    "address already in use" = ssl:format_error(eaddrinuse),
    "Invalid TLS option: foo" = ssl:format_error({options, foo}),
    "Invalid socket option: foo" = ssl:format_error({options, {socket_options, foo}}),
    "Invalid certificate file x: no such file or directory" =
        ssl:format_error({error, {options, {certfile, "x", {error, enoent}}}}),
    "Unexpected error: {a,b}" = ssl:format_error({a, b}).

%% internal_active_n, whatever it is.
read_ahead_parameter(Config) ->
    try
        [begin
             application:set_env(ssl, internal_active_n, N),
             {S, C} = tls_pairs:pair(Config, [binary, {active, false}], [binary, {active, true}]),
             Data = binary:copy(<<"0123456789">>, 20000),
             ok = ssl:send(S, Data),
             Data = collected(C, byte_size(Data), <<>>),
             closed(S, C)
         end || N <- [1, 3, 40000, foo]]
    after
        application:unset_env(ssl, internal_active_n)
    end.

collected(_, 0, Acc) -> Acc;
collected(C, Left, Acc) ->
    receive {ssl, C, Bytes} -> collected(C, Left - byte_size(Bytes), <<Acc/binary, Bytes/binary>>)
    after 5000 -> {missing, Left}
    end.

%% The options of a connection are told, in OTP's form, those of sni_fun and handshake_continue too; no key is.
options_in_information(Config) ->
    Sni = fun("localhost") -> [{depth, 7}, {log_level, none}]; (_) -> undefined end,
    {ok, L} = ssl:listen(0, [{handshake, hello}, {sni_fun, Sni}, {depth, 5}, {active, false} | server(Config)]),
    Client = dial(L, Config, [{active, false}, {max_handshake_size, 30000}]),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, A, _} = ssl:handshake(A, 5000),
    {ok, S} = ssl:handshake_continue(A, [{max_handshake_size, 50000}], 5000),
    C = result(Client),
    {ok, Server} = ssl:connection_information(S),
    [{7, none, 50000, hello, [{3, 4}], "localhost"}] =
        [{D, Level, Size, H, V, Name} || #{depth := D, log_level := Level, max_handshake_size := Size, handshake := H, versions := V,
                                           sni_hostname := Name} <- [maps:from_list(Server)]],
    {ok, [{max_handshake_size, 30000}, {verify, verify_peer}]} =
        case ssl:connection_information(C, [verify, max_handshake_size, sni_hostname, foo]) of
            {ok, Items} -> {ok, lists:sort(Items)}
        end,
    [] = [Name || {Name, _} <- Server, lists:member(Name, [certs_keys, cacerts, key, password])],
    ssl:close(L),
    closed(S, C).

%% What a paused handshake shows, in OTP's form.
hello_of_the_peer(Config) ->
    {ok, L} = ssl:listen(0, [{handshake, hello}, {active, false} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    Client = call(fun() ->
                          Options = [{handshake, hello}, {active, false}, {alpn_advertised_protocols, [<<"h2">>, <<"b">>]},
                                     {max_fragment_length, 1024}, {supported_groups, [x25519, secp256r1]},
                                     {signature_algs, [ecdsa_secp256r1_sha256]} | client(Config)],
                          {ok, P, Extensions} = ssl:connect("localhost", Port, Options, 5000),
                          {ok, C} = ssl:handshake_continue(P, [], 5000),
                          ssl:close(C),
                          Extensions
                  end),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, A, Hello} = ssl:handshake(A, 5000),
    #{sni := "localhost", alpn := <<2, "h2", 1, "b">>, max_frag_enum := 2, elliptic_curves := [x25519, secp256r1],
      signature_algs := [ecdsa_secp256r1_sha256], client_hello_versions := [{3, 4} | _], key_share := [{key_share_entry, x25519, <<_:32/binary>>}],
      cookie := undefined, early_data := undefined, pre_shared_key := undefined, certificate_authorities := undefined} = Hello,
    {ok, S} = ssl:handshake_continue(A, [], 5000),
    #{key_share := {key_share_entry, x25519, _}, server_hello_selected_version := {3, 4}, pre_shared_key := undefined} = Answer = result(Client),
    3 = map_size(Answer),
    ssl:close(S),
    ssl:close(L).

silenced_log(Config) ->
    Self = self(),
    Handler = fun(#{msg := {report, #{alert := _} = Report}}, _) ->
                      Self ! {logged, element(1, apply(ssl_alert_text, report, [Report]))}, stop;
                 (_, _) -> ignore
              end,
    ok = logger:add_primary_filter(?MODULE, {Handler, []}),
    try
        _ = failing(Config, [{log_level, none}], [{cacerts, []}, {log_alert, false}]),
        receive {logged, _} -> ct:fail(logged) after 200 -> ok end,
        _ = failing(Config, [], [{cacerts, []}, {log_level, error}]),
        receive {logged, _} -> ok after 2000 -> ct:fail(not_logged) end,
        receive {logged, _} -> ct:fail(logged_twice) after 200 -> ok end
    after
        logger:remove_primary_filter(?MODULE)
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Transports
%%--------------------------------------------------------------------------------------------------------------------

upgrade_both_sides(Config) ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}]),
    {ok, Port} = inet:port(L),
    Server = call(fun() ->
                          {ok, Plain} = gen_tcp:accept(L),
                          {ok, <<"STARTTLS">>} = gen_tcp:recv(Plain, 8),
                          ok = gen_tcp:send(Plain, <<"OK">>),
                          ssl:handshake(Plain, server(Config), 5000)
                  end),
    {ok, Plain} = gen_tcp:connect("localhost", Port, [binary, {active, false}]),
    ok = gen_tcp:send(Plain, <<"STARTTLS">>),
    {ok, <<"OK">>} = gen_tcp:recv(Plain, 2),
    {ok, C} = ssl:connect(Plain, [{server_name_indication, "localhost"} | client(Config)], 5000),
    {ok, S} = result(Server),
    ok = ssl:send(C, <<"secret">>),
    {ok, <<"secret">>} = ssl:recv(S, 0, 5000),
    {ok, [{active, false}]} = ssl:getopts(C, [active]),
    closed(S, C).

%% What the owner of an active socket has got already belongs to the handshake.
upgrade_of_an_active_socket(Config) ->
    {ok, L} = gen_tcp:listen(0, [binary]),
    {ok, Port} = inet:port(L),
    Client = call(fun() -> ssl:connect("localhost", Port, [{active, false} | client(Config)], 5000) end),
    {ok, Plain} = gen_tcp:accept(L),
    timer:sleep(200),
    {ok, S} = ssl:handshake(Plain, [{active, false} | server(Config)], 5000),
    {ok, C} = result(Client),
    closed(S, C).

downgrade(Config) ->
    {S, C} = pair(Config),
    Server = call(fun() -> receive go -> ok end, ssl:close(S, {self(), 5000}) end),
    ok = ssl:controlling_process(S, pid(Server)),
    pid(Server) ! go,
    {ok, ClientPort} = ssl:close(C, {self(), 5000}),
    {ok, _} = result(Server),
    true = is_port(ClientPort),
    eventually(fun() -> undefined = process_info(endpoint(C)) end).

shutdown_write_then_read(Config) ->
    {S, C} = pair(Config),
    ok = ssl:shutdown(C, write),
    {error, closed} = ssl:recv(S, 0, 5000),
    {error, closed} = ssl:recv(C, 0, 5000),
    %% What the peer said before its own goodbye can still be read.
    [begin
         Options = Transport ++ [binary, {active, false}, {exit_on_close, false}],
         {S3, C3} = pair(Config, Options, Options),
         [ok = ssl:send(X, <<"before">>) || X <- [S3, C3]],
         [ok = ssl:shutdown(X, write) || X <- [S3, C3]],
         [{ok, <<"before">>} = ssl:recv(X, 6, 5000) || X <- [S3, C3]],
         [{error, closed} = ssl:recv(X, 0, 5000) || X <- [S3, C3]],
         closed(S3, C3)
     end || Transport <- lists:append(lists:duplicate(5, [[], [{inet_backend, socket}], [socket_module()]]))],
    {S2, C2} = pair(Config),
    ok = ssl:shutdown(C2, read_write),
    {error, closed} = ssl:recv(S2, 0, 5000),
    ok = ssl:close(C2),
    ok = ssl:close(S2).

other_transport(Config) ->
    Info = {cb_info, {?MODULE, tcp, tcp_closed, tcp_error}},
    {S, C} = pair(Config, [Info, binary, {active, false}], [Info, binary, {active, false}]),
    ok = ssl:send(C, <<"through a module">>),
    {ok, <<"through a module">>} = ssl:recv(S, 0, 5000),
    ok = ssl:setopts(C, [{active, true}]),
    ok = ssl:send(S, <<"back">>),
    receive {ssl, C, <<"back">>} -> ok after 5000 -> ct:fail(no_data) end,
    ok = ssl:close(S),
    receive {ssl_closed, C} -> ok after 5000 -> ct:fail(not_closed) end.

%% A module that raises is a transport that failed: nobody keeps a lock.
raising_transport(Config) ->
    Info = {cb_info, {?MODULE, tcp, tcp_closed, tcp_error}},
    {S, C} = pair(Config, [binary, {active, false}], [Info, binary, {active, false}]),
    put(raise, send),
    {error, raised} = ssl:send(C, <<"secret">>),
    erase(raise),
    {error, closed} = ssl:send(C, <<"more">>),
    {error, closed} = result(call(fun() -> ssl:send(C, <<"from elsewhere">>) end)),
    ok = ssl:send(S, <<"still read">>),
    {ok, <<"still read">>} = ssl:recv(C, 10, 5000),
    bulk(S, C),
    put(raise, recv),
    {error, closed} = ssl:recv(C, 0, 5000),
    erase(raise),
    {error, closed} = ssl:recv(C, 0, 5000),
    {error, closed} = result(call(fun() -> ssl:recv(C, 0, 5000) end)),
    closed(S, C).

%% After bulk callers of recv read the transport themselves, for a while.
bulk(From, To) ->
    Data = binary:copy(<<"bulk">>, 100000),
    Sender = call(fun() -> ssl:send(From, Data) end),
    {ok, Data} = ssl:recv(To, byte_size(Data), 10000),
    ok = result(Sender).

raise(Function, Data) ->
    get(raise) =:= Function andalso error({raised, Data}).

connect(Host, Port, Options, Timeout) -> gen_tcp:connect(Host, Port, Options, Timeout).
listen(Port, Options) -> gen_tcp:listen(Port, Options).
accept(Socket, Timeout) -> gen_tcp:accept(Socket, Timeout).
send(Socket, Data) -> raise(send, Data), gen_tcp:send(Socket, Data).
recv(Socket, Length, Timeout) -> raise(recv, Length), gen_tcp:recv(Socket, Length, Timeout).
close(Socket) -> gen_tcp:close(Socket).
setopts(Socket, Options) -> inet:setopts(Socket, Options).
getopts(Socket, Options) -> inet:getopts(Socket, Options).
peername(Socket) -> inet:peername(Socket).
sockname(Socket) -> inet:sockname(Socket).
port(Socket) -> inet:port(Socket).
shutdown(Socket, How) -> gen_tcp:shutdown(Socket, How).
controlling_process(Socket, Pid) -> gen_tcp:controlling_process(Socket, Pid).

socket_backend(Config) ->
    [socket_backend(Backend, Config) || Backend <- [{inet_backend, socket}, socket_module()]].

socket_module() ->
    {cb_info, apply(tls_socket_tcp, cb_info, [])}.

socket_backend(Backend, Config) ->
    {S, C} = pair(Config, [Backend, binary, {active, false}], [Backend, binary, {active, false}]),
    Data = crypto:strong_rand_bytes(300000),
    Sender = call(fun() -> ssl:send(C, Data) end),
    {ok, Data} = ssl:recv(S, byte_size(Data), 10000),
    ok = result(Sender),
    ok = ssl:setopts(C, [{active, true}]),
    ok = ssl:send(S, <<"back">>),
    receive {ssl, C, <<"back">>} -> ok after 5000 -> ct:fail(no_data) end,
    ok = ssl:close(S),
    receive {ssl_closed, C} -> ok after 5000 -> ct:fail(not_closed) end.

changed_owner(Config) ->
    {S, C} = pair(Config),
    Self = self(),
    New = spawn_link(fun() ->
                             receive go -> ok end,
                             ok = ssl:setopts(S, [{active, once}]),
                             receive {ssl, S, Data} -> Self ! {got, Data} end
                     end),
    ok = ssl:controlling_process(S, New),
    New ! go,
    ok = ssl:send(C, <<"for the new owner">>),
    receive {got, <<"for the new owner">>} -> ok after 5000 -> ct:fail(no_data) end,
    %% It ended, so the connection does.
    {error, closed} = ssl:recv(C, 0, 5000),
    ok = ssl:close(C).

%%--------------------------------------------------------------------------------------------------------------------
%% Hostile peers
%%--------------------------------------------------------------------------------------------------------------------

garbage_to_server(Config) ->
    {ok, L} = ssl:listen(0, [{log_level, none} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    %% As OTP: what is no TLS at all, and warnings before anything else.
    [begin
         {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
         {ok, A} = ssl:transport_accept(L, 5000),
         ok = gen_tcp:send(Plain, Input),
         {error, {tls_alert, {unexpected_message, _}}} = ssl:handshake(A, 5000),
         {ok, <<21, 3, 3, 2:16, 2, 10>>} = gen_tcp:recv(Plain, 7, 5000),
         {error, closed} = gen_tcp:recv(Plain, 0, 5000),
         gen_tcp:close(Plain)
     end || Input <- [<<"GET / HTTP/1.1\r\nHost: x\r\n\r\n">>, <<"SSH-2.0-OpenSSH_9.6\r\n">>, <<128, 43, 1, 3, 1, 0:800>>,
                      <<21, 3, 3, 2:16, 1, 10>>, <<21, 3, 3, 2:16, 1, 100>>]],
    Inputs = [<<"GET / HTTP/1.1\r\nHost: x\r\n\r\n">>, <<0:800>>, <<22, 3, 1, 0, 0>>, <<22, 3, 1, 255, 255, 0:64>>,
              <<22, 3, 1, 0, 4, 1, 0, 0, 0>>, <<22, 3, 1, 0, 5, 1, 0, 0, 1, 0>>, <<23, 3, 3, 0, 5, "hello">>, <<21, 3, 3, 0, 2, 2, 40>>,
              <<21, 3, 3, 0, 2, 1, 0>>, <<20, 3, 3, 0, 1, 1>>, <<22, 3, 1, 0, 4, 99, 0, 0, 0>>, <<22, 3, 1, 0, 4, 1, 255, 255, 255>>
             | [crypto:strong_rand_bytes(N) || N <- [1, 5, 6, 100, 3000, 40000]]],
    [begin
         {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
         {ok, A} = ssl:transport_accept(L, 5000),
         _ = gen_tcp:send(Plain, Input),
         _ = gen_tcp:shutdown(Plain, write),
         case ssl:handshake(A, 5000) of
             {error, closed} -> ok;
             {error, {tls_alert, {Name, "TLS server: In state " ++ _}}} when is_atom(Name) -> ok;
             Other -> ct:fail({Input, Other})
         end,
         gen_tcp:close(Plain)
     end || Input <- Inputs],
    left_nothing(),
    %% The listener lives.
    Client = dial(L, Config, []),
    {ok, A} = ssl:transport_accept(L, 5000),
    {ok, S} = ssl:handshake(A, 5000),
    closed(S, result(Client)).

garbage_to_client(Config) ->
    {ok, L} = gen_tcp:listen(0, [{active, false}, binary]),
    {ok, Port} = inet:port(L),
    Inputs = [<<"HTTP/1.1 400 Bad Request\r\n\r\n">>, <<0:800>>, <<22, 3, 3, 0, 0>>, <<22, 3, 3, 0, 4, 2, 0, 0, 0>>,
              <<22, 3, 3, 0, 4, 1, 0, 0, 0>>, <<23, 3, 3, 0, 5, "hello">>, <<21, 3, 3, 0, 2, 2, 40>>, <<20, 3, 3, 0, 1, 1>>
             | [crypto:strong_rand_bytes(N) || N <- [1, 5, 6, 100, 3000, 40000]]],
    [begin
         Client = call(fun() -> ssl:connect("localhost", Port, [{log_level, none} | client(Config)], 5000) end),
         {ok, Plain} = gen_tcp:accept(L, 5000),
         _ = gen_tcp:send(Plain, Input),
         _ = gen_tcp:shutdown(Plain, write),
         case result(Client) of
             {error, closed} -> ok;
             {error, {tls_alert, {Name, "TLS client: In state " ++ _}}} when is_atom(Name) -> ok;
             Other -> ct:fail({Input, Other})
         end,
         gen_tcp:close(Plain)
     end || Input <- Inputs],
    left_nothing().

%% A real first flight, cut at every length and then closed.
truncated_handshake(Config) ->
    Hello = client_hello(Config),
    {ok, L} = ssl:listen(0, [{log_level, none} | server(Config)]),
    {ok, {_, Port}} = ssl:sockname(L),
    [begin
         {ok, Plain} = gen_tcp:connect("localhost", Port, [{active, false}, binary]),
         {ok, A} = ssl:transport_accept(L, 5000),
         _ = gen_tcp:send(Plain, binary:part(Hello, 0, Length)),
         _ = gen_tcp:shutdown(Plain, write),
         {error, closed} = ssl:handshake(A, 5000),
         gen_tcp:close(Plain)
     end || Length <- lists:seq(0, byte_size(Hello) - 1, 97)],
    left_nothing().

oversized_record(Config) ->
    {S, C} = pair(Config),
    Port = port_of(C),
    ok = gen_tcp:send(Port, <<23, 3, 3, 65535:16, 0:4096>>),
    {error, {tls_alert, {record_overflow, _}}} = ssl:recv(S, 0, 5000),
    {error, closed} = ssl:recv(S, 0, 5000),
    {error, {tls_alert, {record_overflow, _}}} = ssl:recv(C, 0, 5000).

plaintext_after_handshake(Config) ->
    lists:foreach(
      fun(Record) ->
              {S, C} = pair(Config, [{active, true}, {log_level, none}], [{active, false}, {log_level, none}]),
              ok = gen_tcp:send(port_of(C), Record),
              receive
                  {ssl_error, S, {tls_alert, {Alert, _}}} when Alert =:= bad_record_mac; Alert =:= unexpected_message -> ok;
                  {ssl, S, _} -> ct:fail(delivered)
              after 5000 -> ct:fail(nothing)
              end,
              {error, {tls_alert, _}} = ssl:recv(C, 0, 5000)
      end, [<<23, 3, 3, 0, 32, 0:256>>, <<22, 3, 3, 0, 4, 0, 0, 0, 0>>, <<21, 3, 3, 0, 2, 1, 0>>, <<99, 3, 3, 0, 1, 0>>]).

peer_vanishes(Config) ->
    {S, C} = pair(Config, [{active, true}], [{active, false}]),
    ok = inet:setopts(port_of(C), [{linger, {true, 0}}]),
    exit(endpoint(C), kill),
    receive {ssl_closed, S} -> ok after 5000 -> ct:fail(not_closed) end,
    {error, closed} = ssl:send(S, <<"x">>),
    {S2, C2} = pair(Config),
    ok = inet:setopts(port_of(C2), [{linger, {true, 0}}]),
    exit(endpoint(C2), kill),
    {error, closed} = ssl:recv(S2, 0, 5000),
    left_nothing().

%%--------------------------------------------------------------------------------------------------------------------
%% Nothing is left behind
%%--------------------------------------------------------------------------------------------------------------------

owner_dies(Config) ->
    {ok, L} = ssl:listen(0, [binary, {active, false} | server(Config)]),
    lists:foreach(
      fun(Options) ->
              {ok, {_, Port}} = ssl:sockname(L),
              {Pid, Ref} = spawn_monitor(fun() ->
                                                 {ok, _} = ssl:connect("localhost", Port, Options ++ client(Config)),
                                                 receive die -> ok end
                                         end),
              {ok, A} = ssl:transport_accept(L, 5000),
              {ok, S} = ssl:handshake(A, 5000),
              exit(Pid, kill),
              receive {'DOWN', Ref, _, _, _} -> ok end,
              {error, closed} = ssl:recv(S, 0, 5000),
              ok = ssl:close(S)
      end, [[{active, false}], [{active, true}], [{active, once}], [{packet, line}, {active, false}]]),
    ok = ssl:close(L),
    left_nothing().

owner_dies_in_handshake(Config) ->
    {ok, L} = gen_tcp:listen(0, [{active, false}]),
    {ok, Port} = inet:port(L),
    {Pid, Ref} = spawn_monitor(fun() -> ssl:connect("localhost", Port, client(Config)) end),
    {ok, Plain} = gen_tcp:accept(L, 5000),
    {ok, _} = gen_tcp:recv(Plain, 5, 5000),
    exit(Pid, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    read_to_end(Plain),
    {ok, L2} = ssl:listen(0, server(Config)),
    {ok, {_, Port2}} = ssl:sockname(L2),
    {Pid2, Ref2} = spawn_monitor(fun() -> {ok, A} = ssl:transport_accept(L2), ssl:handshake(A) end),
    {ok, Plain2} = gen_tcp:connect("localhost", Port2, [{active, false}]),
    timer:sleep(100),
    exit(Pid2, kill),
    receive {'DOWN', Ref2, _, _, _} -> ok end,
    read_to_end(Plain2),
    ok = ssl:close(L2),
    left_nothing().

endpoint_dies(Config) ->
    {S, C} = pair(Config),
    Reader = call(fun() -> ssl:recv(C, 0, 5000) end),
    timer:sleep(50),
    exit(endpoint(C), kill),
    {error, closed} = result(Reader),
    {error, closed} = ssl:send(C, <<"x">>),
    {error, closed} = ssl:recv(C, 0, 1000),
    {error, closed} = ssl:recv(S, 0, 5000),
    ok = ssl:close(C),
    ok = ssl:close(S),
    left_nothing().

never_handshaken(Config) ->
    {ok, L} = ssl:listen(0, server(Config)),
    {ok, {_, Port}} = ssl:sockname(L),
    {Pid, Ref} = spawn_monitor(fun() ->
                                       _ = [{ok, _} = ssl:transport_accept(L) || _ <- lists:seq(1, 10)],
                                       receive die -> ok end
                               end),
    Plains = [begin {ok, P} = gen_tcp:connect("localhost", Port, [{active, false}]), P end || _ <- lists:seq(1, 10)],
    timer:sleep(200),
    exit(Pid, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    [begin
         %% user_canceled: who waits for a ServerHello learns that there will be none.
         {ok, [21, 3, 3, 0, 2, 1, 90 | _]} = gen_tcp:recv(P, 0, 5000),
         ok = read_to_end(P)
     end || P <- Plains],
    ok = ssl:close(L),
    left_nothing().

reader_dies(Config) ->
    {S, C} = pair(Config),
    Dies = fun() ->
                   {pid, Reader, _} = call(fun() -> ssl:recv(C, 0, infinity) end),
                   timer:sleep(100),
                   unlink(Reader),
                   exit(Reader, kill),
                   timer:sleep(50)
           end,
    Dies(),
    ok = ssl:send(S, <<"for another">>),
    {ok, <<"for another">>} = ssl:recv(C, 0, 5000),
    bulk(S, C),
    Dies(),
    %% It had read the transport itself, what is unknown: the stream is at its end, and says so to both.
    {error, closed} = ssl:recv(C, 0, 5000),
    {error, closed} = ssl:recv(S, 0, 5000),
    ok = ssl:close(C),
    ok = ssl:close(S),
    left_nothing().

writer_dies(Config) ->
    {S, C} = pair(Config),
    {pid, Writer, _} = call(fun() -> [ssl:send(C, <<0:8000000>>) || _ <- lists:seq(1, 50)] end),
    timer:sleep(300),
    unlink(Writer),
    exit(Writer, kill),
    eventually(fun() -> {error, closed} = ssl:send(C, <<"x">>) end),
    ok = ssl:close(S),
    ok = ssl:close(C),
    left_nothing().

stuck_peer_does_not_block_close(Config) ->
    {S, C} = pair(Config),
    Writer = call(fun() -> [ssl:send(C, <<0:8000000>>) || _ <- lists:seq(1, 50)] end),
    timer:sleep(300),
    Before = erlang:monotonic_time(millisecond),
    ok = ssl:close(C, 500),
    true = erlang:monotonic_time(millisecond) - Before < 3000,
    Results = result(Writer),
    {error, closed} = lists:last(Results),
    ok = ssl:close(S),
    left_nothing().

stop_ends_connections(Config) ->
    {S, C} = pair(Config),
    {S2, C2} = pair(Config, [{active, true}], [{active, true}]),
    Reader = call(fun() -> ssl:recv(C, 0, 10000) end),
    timer:sleep(50),
    ok = ssl:stop(),
    {error, closed} = result(Reader),
    [{error, closed} = ssl:send(X, <<"x">>) || X <- [S, C, S2, C2]],
    [undefined = process_info(endpoint(X)) || X <- [S, C, S2, C2]],
    ok = ssl:start(),
    left_nothing().

many_connections_leave_nothing(Config) ->
    Before = counts(),
    {ok, L} = ssl:listen(0, [binary, {active, false} | server(Config)]),
    Acceptor = spawn_link(fun() -> accept_all(L) end),
    Clients = [call(fun() ->
                            {ok, {_, Port}} = ssl:sockname(L),
                            [begin
                                 {ok, C} = ssl:connect("localhost", Port, [binary, {active, false} | client(Config)], 20000),
                                 ok = ssl:send(C, <<"ping">>),
                                 {ok, <<"ping">>} = ssl:recv(C, 4, 20000),
                                 case M rem 3 of
                                     0 -> ok = ssl:close(C);
                                     1 -> exit(endpoint(C), kill);
                                     2 -> ok = ssl:shutdown(C, write), _ = ssl:recv(C, 0, 20000), ok = ssl:close(C)
                                 end
                             end || M <- lists:seq(1, 15)]
                    end) || _ <- lists:seq(1, 8)],
    _ = [result(Client) || Client <- Clients],
    unlink(Acceptor),
    exit(Acceptor, kill),
    ok = ssl:close(L),
    left_nothing(),
    eventually(fun() ->
                       %% Garbage may still refer to connections.
                       _ = [erlang:garbage_collect(P) || P <- processes()],
                       ?assertEqual([], [{Now, Then} || {Now, Then} <- lists:zip(counts(), Before), Now > Then + 2])
               end).

accept_all(L) ->
    case ssl:transport_accept(L) of
        {ok, A} ->
            Pid = spawn(fun() ->
                                receive go -> ok end,
                                case ssl:handshake(A, 20000) of
                                    {ok, S} -> echo(S);
                                    {error, _} -> ok
                                end
                        end),
            ok = ssl:controlling_process(A, Pid),
            Pid ! go,
            accept_all(L);
        {error, closed} ->
            ok
    end.

echo(S) ->
    case ssl:recv(S, 0, 20000) of
        {ok, Data} -> _ = ssl:send(S, Data), echo(S);
        {error, closed} -> ssl:close(S)
    end.

memory_of_idle(Config) ->
    {ok, L} = ssl:listen(0, [binary, {active, false} | server(Config)]),
    Warm = idle(L, Config, 5),
    Before = collected_memory(),
    N = 200,
    Pairs = idle(L, Config, N),
    %% What else the node does counts too: until it holds.
    eventually(fun() ->
                       PerSide = (collected_memory() - Before) div (2 * N),
                       Native = maps:get(bytes, apply(ssl_native, counters, []), 0),
                       ct:pal("~b bytes of the VM per idle connection; native in all ~p", [PerSide, Native]),
                       ?assert(PerSide =< 12288)
               end),
    _ = [closed(S, C) || {S, C} <- Pairs ++ Warm],
    ok = ssl:close(L).

%% What processes, binaries and tables hold after a garbage collection. (Code and atoms are loaded when they are first used.)
collected_memory() ->
    _ = [erlang:garbage_collect(P) || P <- processes()],
    lists:sum([erlang:memory(Kind) || Kind <- [processes, binary, ets]]).

idle(L, Config, N) ->
    [begin
         Client = dial(L, Config, [{active, false}]),
         {ok, A} = ssl:transport_accept(L, 5000),
         {ok, S} = ssl:handshake(A, 5000),
         {S, result(Client)}
     end || _ <- lists:seq(1, N)].

%%--------------------------------------------------------------------------------------------------------------------
%% Helpers
%%--------------------------------------------------------------------------------------------------------------------

%% A handshake that is meant to fail: what server and client got.
failing(Config, ServerOptions, ClientOptions) ->
    {ok, L} = ssl:listen(0, ServerOptions ++ server(Config)),
    {ok, {_, Port}} = ssl:sockname(L),
    Server = call(fun() ->
                          {ok, A} = ssl:transport_accept(L, 5000),
                          ssl:handshake(A, 5000)
                  end),
    Drop = [O || O <- [cert, key, certs_keys], lists:member(no_certificate, ClientOptions)]
        ++ [K || {K, _} <- ClientOptions],
    Own = [O || {K, _} = O <- client(Config), not lists:member(K, Drop)],
    Client = ssl:connect("localhost", Port, [O || O <- ClientOptions, O =/= no_certificate] ++ Own, 5000),
    Result = result(Server),
    ok = ssl:close(L),
    {Result, Client}.

collect(_, Size, Acc) when byte_size(Acc) =:= Size -> Acc;
collect(S, Size, Acc) ->
    receive {ssl, S, Data} -> collect(S, Size, <<Acc/binary, Data/binary>>)
    after 10000 -> ct:fail({only, byte_size(Acc)})
    end.

collected(S, Acc) ->
    receive {ssl, S, Data} -> collected(S, <<Acc/binary, Data/binary>>)
    after 0 -> Acc
    end.

%% Processes of connections, ports, native connections.
counts() ->
    [length(endpoints()), length(erlang:ports()), maps:get(conns, apply(ssl_native, counters, []))].
