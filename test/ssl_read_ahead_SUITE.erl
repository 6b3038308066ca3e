%% Passive connections: their process reads ahead for recv (native/nif/src/ahead.rs), and so hears what the peer says beside data
%% while nobody receives. Here is every case of recv, close and change of options while it is so, that it ends with bulk and comes
%% back, and that what nobody reads does not fill the memory.
-module(ssl_read_ahead_SUITE).
-include_lib("stdlib/include/assert.hrl").
-compile([export_all, nowarn_export_all]).

-import(tls_pairs, [server/1, pair/1, pair/3, call/1, result/1, pid/1, endpoint/1, port_of/1, closed/2, left_nothing/0, eventually/1]).

suite() -> [{timetrap, {seconds, 60}}].

all() -> [begins_with_the_connection, begins_again_after_bulk, unread_end_is_heard, unread_alert_is_kept, unread_new_keys_are_answered,
          lengths, times_out, readers_take_turns, dead_reader_takes_nothing, packets, other_packets,
          active_and_back, ends_with_bulk, unread_data_wait_at_the_sender, peer_closes, close_frees_readers, transport_dies,
          late_alert, key_updates, downgrade, leaves_nothing].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    tls_pairs:credentials() ++ Config.
end_per_suite(_) -> ok.

%% A pair, both sides of which read ahead.
ahead(Config) -> ahead(Config, []).

ahead(Config, Options) ->
    {S, C} = pair(Config, [binary, {active, false} | Options], [binary, {active, false} | Options]),
    warm(S, C),
    {S, C}.

warm(S, C) ->
    [begin
         ok = ssl:send(From, <<N:32>>),
         {ok, <<N:32>>} = ssl:recv(To, 0, 5000)
     end || N <- lists:seq(1, 20), {From, To} <- [{S, C}, {C, S}]],
    eventually(fun() -> [true, true] = [is_ahead(Socket) || Socket <- [S, C]] end).

is_ahead(Socket) ->
    {ok, [{active, Active}]} = inet:getopts(port_of(Socket), [active]),
    {ok, [{active, false}]} = ssl:getopts(Socket, [active]),
    is_integer(Active).

begins_with_the_connection(Config) ->
    {S, C} = pair(Config),
    [true, true] = [is_ahead(Socket) || Socket <- [S, C]],
    warm(S, C),
    closed(S, C).

begins_again_after_bulk(Config) ->
    {S, C} = pair(Config),
    bulk(C, S),
    eventually(fun() -> true = is_ahead(S) end),
    ok = ssl:send(C, <<"small">>),
    {ok, <<"small">>} = ssl:recv(S, 0, 5000),
    bulk(C, S),
    %% While a reader waits it listens itself.
    Reader = call(fun() -> ssl:recv(S, 0, 10000) end),
    timer:sleep(1200),
    ok = ssl:send(C, <<"later">>),
    {ok, <<"later">>} = result(Reader),
    eventually(fun() -> true = is_ahead(S) end),
    closed(S, C).

bulk(From, To) ->
    Data = crypto:strong_rand_bytes(400000),
    Sender = call(fun() -> ssl:send(From, Data) end),
    {ok, Data} = ssl:recv(To, byte_size(Data), 20000),
    ok = result(Sender),
    false = is_ahead(To).

%% Nobody receives: the end of what the peer says, and of the transport, is known all the same; the data before it stay.
unread_end_is_heard(Config) ->
    [begin
         {S, C} = pair(Config),
         Bulk andalso bulk(C, S),
         ok = ssl:send(C, <<"the last">>),
         End(C),
         %% (A send before it is heard would have the peer's transport reset ours.)
         timer:sleep(case Bulk of true -> 1500; false -> 300 end),
         {error, closed} = ssl:send(S, <<"x">>),
         {ok, <<"the last">>} = ssl:recv(S, 0, 5000),
         {error, closed} = ssl:recv(S, 0, 5000),
         closed(S, C)
     end || Bulk <- [false, true],
            End <- [fun(C) -> ok = ssl:close(C) end, fun(C) -> ok = ssl:shutdown(C, write) end,
                    fun(C) -> ok = gen_tcp:shutdown(port_of(C), write) end, fun(C) -> exit(endpoint(C), kill) end]].

%% An alert that came while nobody received is given to who asks next, by recv or for active mode; once.
unread_alert_is_kept(Config) ->
    [begin
         {S, C} = pair(Config),
         ok = gen_tcp:send(port_of(C), <<23, 3, 3, 30:16, 0:240>>),
         timer:sleep(100),
         {error, {tls_alert, {bad_record_mac, _}}} = Ask(S),
         {error, closed} = Ask(S),
         {error, closed} = ssl:send(S, <<"x">>),
         %% The one who got it from the peer.
         {error, {tls_alert, {bad_record_mac, _}}} = Ask(C),
         closed(S, C)
     end || Ask <- [fun(X) -> ssl:recv(X, 0, 1000) end, fun(X) -> ssl:setopts(X, [{active, once}]) end,
                    fun(X) -> ssl:setopts(X, [{active, true}]) end]],
    receive Message -> ct:fail(Message) after 0 -> ok end.

%% RFC 8446 section 4.6.3: the answer goes before the next data, though nobody reads the wish.
unread_new_keys_are_answered(Config) ->
    {S, C} = pair(Config, [binary, {active, false}], [binary, {active, false}, {keep_secrets, true}]),
    Keys = fun() ->
                   {ok, [{keylog, Lines}]} = ssl:connection_information(C, [keylog]),
                   length([L || "SERVER_TRAFFIC_SECRET_1 " ++ _ = L <- Lines])
           end,
    0 = Keys(),
    ok = ssl:update_keys(C, read_write),
    timer:sleep(100),
    ok = ssl:send(S, <<"data">>),
    eventually(fun() -> 1 = Keys() end),
    closed(S, C).

lengths(Config) ->
    {S, C} = ahead(Config),
    ok = ssl:send(C, <<"abcdefgh">>),
    {ok, <<"abc">>} = ssl:recv(S, 3, 5000),
    {ok, <<"d">>} = ssl:recv(S, 1, 5000),
    {ok, <<"efgh">>} = ssl:recv(S, 0, 5000),
    Reader = call(fun() -> ssl:recv(S, 6, 5000) end),
    [begin timer:sleep(20), ok = ssl:send(C, Part) end || Part <- [<<"a">>, <<"bcd">>, <<"efgh">>]],
    {ok, <<"abcdef">>} = result(Reader),
    {ok, <<"gh">>} = ssl:recv(S, 0, 5000),
    true = is_ahead(S),
    closed(S, C).

times_out(Config) ->
    {S, C} = ahead(Config),
    {error, timeout} = ssl:recv(S, 0, 0),
    {error, timeout} = ssl:recv(S, 0, 30),
    ok = ssl:send(C, <<"abc">>),
    {error, timeout} = ssl:recv(S, 4, 100),
    ok = ssl:send(C, <<"d">>),
    {ok, <<"abcd">>} = ssl:recv(S, 4, 5000),
    closed(S, C),
    receive Message -> ct:fail(Message) after 0 -> ok end.

readers_take_turns(Config) ->
    {S, C} = ahead(Config),
    Readers = [call(fun() -> ssl:recv(S, 4, 10000) end) || _ <- lists:seq(1, 12)],
    timer:sleep(100),
    {error, timeout} = ssl:recv(S, 4, 50),
    Words = [<<N:32>> || N <- lists:seq(1, 12)],
    ok = ssl:send(C, Words),
    ?assertEqual([{ok, Word} || Word <- Words], lists:sort([result(R) || R <- Readers])),
    closed(S, C).

dead_reader_takes_nothing(Config) ->
    {S, C} = ahead(Config),
    Dead = [spawn(fun() -> ssl:recv(S, 0) end) || _ <- lists:seq(1, 20)],
    timer:sleep(50),
    Living = call(fun() -> ssl:recv(S, 0, 5000) end),
    timer:sleep(50),
    [exit(Pid, kill) || Pid <- Dead],
    timer:sleep(50),
    ok = ssl:send(C, <<"for the living">>),
    {ok, <<"for the living">>} = result(Living),
    true = is_ahead(S),
    closed(S, C).

packets(Config) ->
    [begin
         {S, C} = ahead(Config, [{packet, Packet}]),
         ok = ssl:send(C, <<"one">>),
         ok = ssl:send(C, <<>>),
         ok = ssl:send(C, <<"three">>),
         [{ok, <<"one">>}, {ok, <<>>}, {ok, <<"three">>}] = [ssl:recv(S, 0, 5000) || _ <- [1, 2, 3]],
         ok = ssl:setopts(S, [{packet, 0}, {mode, list}]),
         ok = ssl:setopts(C, [{packet, 0}]),
         ok = ssl:send(C, <<"raw">>),
         {ok, "raw"} = ssl:recv(S, 3, 5000),
         closed(S, C)
     end || Packet <- [2, 4]],
    {S, C} = ahead(Config, [{packet, 4}]),
    ok = ssl:setopts(S, [{packet_size, 10}]),
    ok = ssl:send(C, <<0:200/unit:8>>),
    {error, {invalid_packet, _}} = ssl:recv(S, 0, 5000),
    closed(S, C).

other_packets(Config) ->
    {S, C} = ahead(Config),
    ok = ssl:setopts(S, [{packet, line}]),
    ok = ssl:send(C, <<"one\ntwo\nth">>),
    [{ok, <<"one\n">>}, {ok, <<"two\n">>}] = [ssl:recv(S, 0, 5000) || _ <- [1, 2]],
    ok = ssl:setopts(S, [{packet, raw}]),
    {ok, <<"th">>} = ssl:recv(S, 0, 5000),
    warm(S, C),
    closed(S, C).

active_and_back(Config) ->
    {S, C} = ahead(Config),
    [begin
         ok = ssl:send(C, <<"before">>),
         timer:sleep(30),
         ok = ssl:setopts(S, [{active, Active}]),
         receive {ssl, S, <<"before">>} -> ok after 5000 -> ct:fail(no_data) end,
         ok = ssl:setopts(S, [{active, false}]),
         _ = [receive {ssl_passive, S} -> ok after 5000 -> ct:fail(not_passive) end || Active =:= 1],
         warm(S, C)
     end || Active <- [once, true, 1, 5]],
    %% A reader that waits is refused, as any is in active mode.
    Reader = call(fun() -> ssl:recv(S, 0, 10000) end),
    timer:sleep(50),
    ok = ssl:setopts(S, [{active, true}]),
    {error, einval} = result(Reader),
    ok = ssl:send(C, <<"active">>),
    receive {ssl, S, <<"active">>} -> ok after 5000 -> ct:fail(no_data) end,
    closed(S, C).

ends_with_bulk(Config) ->
    {S, C} = ahead(Config),
    Data = crypto:strong_rand_bytes(4000000),
    Sender = call(fun() -> ssl:send(C, Data) end),
    {ok, Data} = ssl:recv(S, byte_size(Data), 20000),
    ok = result(Sender),
    false = is_ahead(S),
    warm(S, C),
    closed(S, C).

unread_data_wait_at_the_sender(Config) ->
    {S, C} = ahead(Config),
    Chunk = binary:copy(<<"0123456789">>, 700),
    Sender = pid(call(fun() -> [ok = ssl:send(C, Chunk) || _ <- lists:seq(1, 20000)], sent end)),
    timer:sleep(500),
    true = is_process_alive(Sender),
    ?assertMatch(#{bytes := Bytes} when Bytes < 2000000, apply(ssl_native, counters, [])),
    ?assert(length(element(2, process_info(endpoint(S), messages))) < 20),
    {ok, _} = ssl:recv(S, 10000000, 20000),
    unlink(Sender),
    exit(Sender, kill),
    closed(S, C).

peer_closes(Config) ->
    {S, C} = ahead(Config),
    Waiting = call(fun() -> ssl:recv(S, 100, 5000) end),
    timer:sleep(50),
    ok = ssl:send(C, <<"the last">>),
    ok = ssl:close(C),
    {error, closed} = result(Waiting),
    {S2, C2} = ahead(Config),
    ok = ssl:send(C2, <<"the last">>),
    ok = ssl:close(C2),
    timer:sleep(100),
    {ok, <<"the last">>} = ssl:recv(S2, 0, 5000),
    {error, closed} = ssl:recv(S2, 0, 5000),
    closed(S, S2).

close_frees_readers(Config) ->
    {S, C} = ahead(Config),
    Readers = [call(fun() -> ssl:recv(C, 0, 10000) end) || _ <- [1, 2, 3]],
    timer:sleep(50),
    Before = erlang:monotonic_time(millisecond),
    ok = ssl:close(C),
    [{error, closed} = result(R) || R <- Readers],
    ?assert(erlang:monotonic_time(millisecond) - Before < 1500),
    {error, closed} = ssl:recv(S, 0, 5000),
    ok = ssl:close(S).

transport_dies(Config) ->
    {S, C} = ahead(Config),
    Reader = call(fun() -> ssl:recv(S, 0, 10000) end),
    timer:sleep(50),
    ok = inet:setopts(port_of(C), [{linger, {true, 0}}]),
    true = port_close(port_of(C)),
    {error, closed} = result(Reader),
    {error, closed} = ssl:recv(S, 0, 1000),
    closed(S, C).

%% An alert that ends the connection is told to who waits, and to the others it is closed.
late_alert(Config) ->
    {S, C} = ahead(Config),
    Reader = call(fun() -> ssl:recv(S, 0, 10000) end),
    timer:sleep(50),
    %% Not a record of this connection: bad_record_mac.
    ok = gen_tcp:send(port_of(C), <<23, 3, 3, 30:16, 0:240>>),
    {error, {tls_alert, {bad_record_mac, _}}} = result(Reader),
    {error, closed} = ssl:recv(S, 0, 1000),
    closed(S, C).

key_updates(Config) ->
    {S, C} = ahead(Config),
    [begin
         ok = ssl:update_keys(From, read_write),
         ok = ssl:send(From, <<"after">>),
         {ok, <<"after">>} = ssl:recv(To, 5, 5000)
     end || {From, To} <- [{S, C}, {C, S}, {C, S}]],
    warm(S, C),
    closed(S, C).

downgrade(Config) ->
    {S, C} = ahead(Config),
    Self = self(),
    Client = call(fun() ->
                          receive go -> ok end,
                          {ok, Plain} = ssl:close(C, {self(), 5000}),
                          {ok, <<"plain">>} = gen_tcp:recv(Plain, 5, 5000),
                          gen_tcp:close(Plain)
                  end),
    ok = ssl:controlling_process(C, pid(Client)),
    pid(Client) ! go,
    {ok, Plain} = ssl:close(S, {Self, 5000}),
    ok = gen_tcp:send(Plain, <<"plain">>),
    ok = result(Client),
    gen_tcp:close(Plain).

leaves_nothing(Config) ->
    [begin
         {S, C} = ahead(Config),
         Reader = spawn(fun() -> ssl:recv(S, 0) end),
         timer:sleep(10),
         exit(Reader, kill),
         closed(S, C)
     end || _ <- lists:seq(1, 5)],
    left_nothing().
