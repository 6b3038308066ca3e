%% Scenes of calls: every function in every state - open, ended in each way, before and during the handshake - and of listening
%% sockets.
-module(scenes_calls).
-export([scenes/0]).
-import(scene_actors, [accepted/1, actor/0, answer/2, aside/1, ask/2, ask/3, client_options/0, mail/1, merged/2,
                       order/2, pair/2, rest/0, roles/0, server_options/0, tear/1]).
-define(HANG, 2000).        % a call that takes longer has no answer

scenes() -> after_the_end() ++ before_the_start() ++ listeners().

calls() ->
    [{send, fun(S) -> ssl:send(S, <<"x">>) end},
     {send_nothing, fun(S) -> ssl:send(S, <<>>) end},
     {recv, fun(S) -> ssl:recv(S, 0, 100) end},
     {recv_3, fun(S) -> ssl:recv(S, 3, 100) end},
     {setopts_once, fun(S) -> ssl:setopts(S, [{active, once}]) end},
     {setopts_true, fun(S) -> ssl:setopts(S, [{active, true}]) end},
     {setopts_many, fun(S) -> ssl:setopts(S, [{active, 2}]) end},
     {setopts_nodelay, fun(S) -> ssl:setopts(S, [{nodelay, true}]) end},
     {setopts_nothing, fun(S) -> ssl:setopts(S, []) end},
     {setopts_bad, fun(S) -> ssl:setopts(S, [{what, is}]) end},
     {getopts_active, fun(S) -> ssl:getopts(S, [active]) end},
     {getopts_nodelay, fun(S) -> ssl:getopts(S, [nodelay]) end},
     {getopts_nothing, fun(S) -> ssl:getopts(S, []) end},
     {getopts_bad, fun(S) -> ssl:getopts(S, [what]) end},
     {controlling_process, fun(S) -> ssl:controlling_process(S, self()) end},
     {peername, fun(S) -> ssl:peername(S) end},
     {sockname, fun(S) -> ssl:sockname(S) end},
     {peercert, fun(S) -> element(1, ssl:peercert(S)) end},
     {peercert_error, fun(S) -> case ssl:peercert(S) of {ok, _} -> certificate; E -> E end end},
     {negotiated_protocol, fun(S) -> ssl:negotiated_protocol(S) end},
     {connection_information, fun(S) -> case ssl:connection_information(S) of {ok, _} -> ok; E -> E end end},
     {connection_information_protocol, fun(S) -> ssl:connection_information(S, [protocol]) end},
     {getstat, fun(S) -> case ssl:getstat(S) of {ok, L} -> {ok, [N || {N, _} <- L]}; E -> E end end},
     {getstat_bad, fun(S) -> ssl:getstat(S, [what]) end},
     {shutdown_write, fun(S) -> ssl:shutdown(S, write) end},
     {shutdown_read, fun(S) -> ssl:shutdown(S, read) end},
     {shutdown_read_write, fun(S) -> ssl:shutdown(S, read_write) end},
     {shutdown_bad, fun(S) -> ssl:shutdown(S, what) end},
     {close, fun(S) -> ssl:close(S) end},
     {close_0, fun(S) -> ssl:close(S, 0) end},
     {close_100, fun(S) -> ssl:close(S, 100) end},
     {downgrade, fun(S) -> ssl:close(S, {self(), 200}) end},
     {renegotiate, fun(S) -> ssl:renegotiate(S) end},
     {update_keys, fun(S) -> ssl:update_keys(S, write) end},
     {export, fun(S) -> case ssl:export_key_materials(S, [<<"label">>], [no_context], [20]) of {ok, [_]} -> ok; {ok, Key} when byte_size(Key) =:= 20 -> ok_alone; E -> E end end},
     {handshake, fun(S) -> ssl:handshake(S, 200) end},
     {handshake_options, fun(S) -> ssl:handshake(S, [{active, false}], 200) end},
     {handshake_continue, fun(S) -> ssl:handshake_continue(S, [], 200) end},
     {handshake_cancel, fun(S) -> ssl:handshake_cancel(S) end},
     {transport_accept, fun(S) -> ssl:transport_accept(S, 100) end}].

%% Ways in which it ended.
ends() ->
    [{open, [], fun(_, _, _, _) -> ok end},
     {closed, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:close(Us) end) end},
     {peer_closed, [], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:close(Ps) end) end},
     {peer_closed_data, [], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:send(Ps, <<"ab">>), ssl:close(Ps) end) end},
     {peer_closed_active, [{active, true}], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:close(Ps) end) end},
     {peer_closed_read, [], fun(U, Us, P, Ps) -> ask(P, fun() -> ssl:close(Ps) end), ask(U, fun() -> ssl:recv(Us, 0, 500) end) end},
     {torn, [], fun(_, _, _, Ps) -> tear(Ps) end},
     {torn_active, [{active, true}], fun(_, _, _, Ps) -> tear(Ps) end},
     {peer_shut, [], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:shutdown(Ps, write) end) end},
     {peer_shut_active, [{active, true}], fun(_, _, P, Ps) -> ask(P, fun() -> ssl:shutdown(Ps, write) end) end},
     {shut_write, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:shutdown(Us, write) end) end},
     {shut_read, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:shutdown(Us, read) end) end},
     {shut_both, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:shutdown(Us, read_write) end) end},
     {timed_out, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 10, 50) end) end}].

after_the_end() ->
    [{{call, Role, End, Call}, fun() ->
                                       {U, Us, P, Ps} = pair(Role, Options),
                                       First = Way(U, Us, P, Ps),
                                       rest(),
                                       Before = mail(U),
                                       [First, Before, ask(U, fun() -> Fun(Us) end), mail(U)]
                               end}
     || Role <- roles(), {End, Options, Way} <- ends(), {Call, Fun} <- calls()]
    ++
    [{{call, Role, owner_dead, Call}, fun() ->
                                              {U, Us, _, _} = pair(Role, []),
                                              unlink(U), exit(U, kill), rest(),
                                              [aside(fun() -> Fun(Us) end)]
                                      end} || Role <- roles(), {Call, Fun} <- calls()].

%% Accepted, and no handshake yet; then while one is under way with a peer that says nothing.
before_the_start() ->
    [{{call, accepted, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      Told = ask(U, fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [Told, mail(U)]
                              end} || {Call, Fun} <- calls()]
    ++
    [{{call, shaking, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      Shake = order(U, fun() -> ssl:handshake(A, 3000) end), rest(),
                                      Told = aside(fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [Told, answer(Shake, 4000), mail(U)]
                              end} || {Call, Fun} <- calls(), Call =/= handshake, Call =/= handshake_options]
    ++
    [{{call, failed, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      ok = gen_tcp:send(Plain, "GET / HTTP/1.0\r\n\r\n"),
                                      _ = ask(U, fun() -> ssl:handshake(A, 3000) end),
                                      rest(),
                                      Told = ask(U, fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [Told, mail(U)]
                              end} || {Call, Fun} <- calls()]
    ++
    [{{call, timed_out_handshake, Call}, fun() ->
                                      {U, A, Plain} = accepted([]),
                                      First = ask(U, fun() -> ssl:handshake(A, 100) end),
                                      rest(),
                                      Told = ask(U, fun() -> Fun(A) end),
                                      gen_tcp:close(Plain),
                                      [First, Told, mail(U)]
                              end} || {Call, Fun} <- calls()]
    ++
    [{{start, Name}, Fun}
     || {Name, Fun} <-
            [{peer_gone_before_handshake, fun() ->
                                                  {U, A, Plain} = accepted([]),
                                                  gen_tcp:close(Plain), rest(),
                                                  [ask(U, fun() -> ssl:handshake(A, 1000) end)]
                                          end},
             {peer_gone_in_handshake, fun() ->
                                              {U, A, Plain} = accepted([]),
                                              Shake = order(U, fun() -> ssl:handshake(A, 3000) end), rest(),
                                              gen_tcp:close(Plain),
                                              [answer(Shake, 4000), mail(U)]
                                      end},
             {connect_peer_gone, fun() ->
                                         {ok, L} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
                                         {ok, Port} = inet:port(L),
                                         U = actor(),
                                         Ref = order(U, fun() -> ssl:connect({127, 0, 0, 1}, Port, client_options(), 3000) end),
                                         {ok, Plain} = gen_tcp:accept(L), rest(),
                                         gen_tcp:close(Plain),
                                         [answer(Ref, 4000), mail(U)]
                                 end},
             {connect_times_out, fun() ->
                                         {ok, L} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
                                         {ok, Port} = inet:port(L),
                                         [ask(actor(), fun() -> ssl:connect({127, 0, 0, 1}, Port, client_options(), 200) end)]
                                 end},
             {connect_refused, fun() ->
                                       {ok, L} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
                                       {ok, Port} = inet:port(L), gen_tcp:close(L),
                                       [ask(actor(), fun() -> ssl:connect({127, 0, 0, 1}, Port, client_options(), 200) end)]
                               end},
             {connect_unknown_host, fun() ->
                                       [ask(actor(), fun() -> ssl:connect("no.such.host.invalid", 1, client_options(), 5000) end, 6000)]
                               end},
             {owner_dies_in_handshake, fun() ->
                                               {U, A, Plain} = accepted([]),
                                               order(U, fun() -> ssl:handshake(A, 3000) end), rest(),
                                               unlink(U), exit(U, kill),
                                               [gen_tcp:recv(Plain, 0, 1000)]
                                       end},
             {owner_dies_accepted, fun() ->
                                               {U, _, Plain} = accepted([]),
                                               unlink(U), exit(U, kill),
                                               [gen_tcp:recv(Plain, 0, 1000)]
                                       end},
             {given_away_accepted, fun() ->
                                           {U, A, Plain} = accepted([]),
                                           Other = actor(),
                                           Told = ask(U, fun() -> ssl:controlling_process(A, Other) end),
                                           unlink(U), exit(U, kill),
                                           [Told, gen_tcp:recv(Plain, 0, 300), ask(Other, fun() -> ssl:handshake(A, 100) end)]
                                   end}]].

%% Listening sockets.
listeners() ->
    Listening = fun(Options) ->
                        U = actor(),
                        {ok, L} = ask(U, fun() -> ssl:listen(0, merged(Options, server_options())) end),
                        {U, L}
                end,
    [{{call, listener, Call}, fun() -> {U, L} = Listening([]), [ask(U, fun() -> Fun(L) end), mail(U)] end} || {Call, Fun} <- calls()]
    ++ [{{call, closed_listener, Call}, fun() -> {U, L} = Listening([]), ask(U, fun() -> ssl:close(L) end),
                                                 [ask(U, fun() -> Fun(L) end), mail(U)] end} || {Call, Fun} <- calls()]
    ++ [{{call, orphan_listener, Call}, fun() -> {U, L} = Listening([]), unlink(U), exit(U, kill), rest(),
                                                 [aside(fun() -> Fun(L) end)] end} || {Call, Fun} <- calls()]
    ++ [{{call, what, Call}, fun() -> [aside(fun() -> Fun(What) end) || What <- [a, {sslsocket}, undefined, self(), {a, b}]] end}
        || {Call, Fun} <- calls()]
    ++
    [{{listen, Name}, Fun}
     || {Name, Fun} <-
            [{closed_under_acceptors, fun() ->
                                              {U, L} = Listening([]),
                                              Waiting = [begin A = actor(), order(A, fun() -> ssl:transport_accept(L) end) end || _ <- [1, 2, 3]],
                                              rest(),
                                              Closed = ask(U, fun() -> ssl:close(L) end),
                                              [Closed, [answer(Ref, ?HANG) || Ref <- Waiting]]
                                      end},
             {owner_dies_under_acceptors, fun() ->
                                              {U, L} = Listening([]),
                                              Waiting = [begin A = actor(), order(A, fun() -> ssl:transport_accept(L) end) end || _ <- [1, 2, 3]],
                                              rest(),
                                              unlink(U), exit(U, kill),
                                              [answer(Ref, ?HANG) || Ref <- Waiting]
                                      end},
             {accept_times_out, fun() -> {U, L} = Listening([]), [ask(U, fun() -> ssl:transport_accept(L, T) end) || T <- [0, 100]] end},
             {given_away, fun() -> {U, L} = Listening([]), Other = actor(), [ask(U, fun() -> ssl:controlling_process(L, Other) end)] end},
             {port_in_use, fun() -> {U, L} = Listening([]), {ok, {_, Port}} = ssl:sockname(L),
                                    [ask(U, fun() -> ssl:listen(Port, server_options()) end)] end},
             {bad_port, fun() -> [ask(actor(), fun() -> ssl:listen(P, server_options()) end) || P <- [-1, 70000, a]] end},
             {inherited, fun() ->
                                 {U, L} = Listening([{packet, 2}, {header, 1}, {packet_size, 50}, {active, 7}, {nodelay, true}]),
                                 Names = [packet, header, packet_size, active, mode, nodelay],
                                 First = ask(U, fun() -> ssl:getopts(L, Names) end),
                                 Set = ask(U, fun() -> ssl:setopts(L, [{packet, 4}, {active, -3}, list]) end),
                                 [First, Set, ask(U, fun() -> ssl:getopts(L, Names) end), mail(U)]
                         end},
             {connections_outlive, fun() ->
                                           {U, Us, P, Ps} = pair(server, []),
                                           [ask(P, fun() -> ssl:send(Ps, <<"a">>) end), ask(U, fun() -> ssl:recv(Us, 0, 1000) end)]
                                   end}]].
