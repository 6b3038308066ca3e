%% Scenes of a connection's life: options, owners, one direction that ends, downgrade, upgrade, transports.
-module(scenes_life).
-export([scenes/0]).
-import(scene_actors, [actor/0, answer/2, aside/1, ask/2, ask/3, client_options/0, mail/1, merged/2, order/2, pair/2,
                       plain/0, received/2, rest/0, roles/0, server_options/0]).
-define(HANG, 2000).        % a call that takes longer has no answer

scenes() -> options() ++ owners() ++ halves() ++ downgrades() ++ upgrades() ++ transports().

options() ->
    [{{opts, Role, Name}, fun() -> {U, Us, _, _} = pair(Role, Options), [ask(U, fun() -> Fun(Us) end), mail(U)] end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{{set, Set}, [], fun(S) -> [ssl:setopts(S, Set), ssl:getopts(S, [active, mode, packet, header, packet_size])] end}
             || Set <- [[], [{active, once}, {mode, list}], [list], [binary, {packet, 4}], [{packet, 3}], [{packet, foo}], [{header, -1}],
                        [{header, a}], [{packet_size, -1}], [{packet_size, a}], [{mode, what}], [{active, what}], [{active, -1}], [{active, 0}],
                        [{nodelay, true}, {packet, 2}], [{nodelay, what}, {packet, 2}], [{packet, 2}, {nodelay, what}], [a], [{a, b}], a,
                        [{a}], [{packet, 1} | a], [{send_timeout, 5}], [{linger, {true, 5}}], [{exit_on_close, false}],
                        [{active, 5}, {active, 5}], [{active, 5}, {active, false}], [{active, false}, {active, 5}], [{keepalive, true}],
                        [{buffer, 3000}], [{recbuf, 20000}], [{high_watermark, 2000}], [{low_watermark, 2000}], [{deliver, port}], [{raw, 6, 1, <<1:32/native>>}],
                        [{tos, 16}], [{ip, {127, 0, 0, 1}}], [{versions, ['tlsv1.3']}], [{verify, verify_none}], [{line_delimiter, $x}], [{header, 3}, list]]]
            ++
            [{{get, Names}, [], fun(S) -> ssl:getopts(S, Names) end}
             || Names <- [[], [active, mode, packet, header, packet_size], [mode, mode], [nodelay, active], [what], [active, what], a, [{a, b}], [active | b],
                          [high_watermark, low_watermark], [send_timeout, send_timeout_close], [keepalive, linger, exit_on_close, buffer],
                          [{raw, 6, 1, 4}], [line_delimiter], [show_econnreset], [delay_send], [deliver], [tos], [recbuf] , [priority], [versions]]]
            ++
            [{{opened, Given}, Given, fun(S) -> ssl:getopts(S, [active, mode, packet, header, packet_size, nodelay, send_timeout, send_timeout_close,
                                                            keepalive, linger, exit_on_close, buffer, high_watermark, low_watermark, line_delimiter,
                                                            delay_send]) end}
             || Given <- [[], [{nodelay, true}], [{send_timeout, 5}, {send_timeout_close, true}], [{linger, {true, 3}}], [{exit_on_close, false}],
                          [{buffer, 5000}], [{high_watermark, 9000}, {low_watermark, 3000}], [{line_delimiter, $|}, {packet, line}], [{delay_send, true}],
                          [{keepalive, true}], [{header, 3}], [{packet, 4}, {packet_size, 77}], [list], [{active, 17}], [{inet_backend, socket}],
                          [{inet_backend, socket}, {nodelay, true}, {active, 3}]]]
            ++
            [{{stat, Names}, [], fun(S) -> case ssl:getstat(S, Names) of {ok, L} -> {ok, [N || {N, _} <- L]}; E -> E end end}
             || Names <- [[], [recv_oct], [send_oct, recv_cnt, send_pend], [what], a]]].

owners() ->
    [{{owner, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{given, [{active, true}], fun(U, Us, P, Ps) ->
                                               Other = actor(),
                                               ask(P, fun() -> ssl:send(Ps, <<"a">>) end), rest(),
                                               Told = ask(U, fun() -> ssl:controlling_process(Us, Other) end),
                                               ask(P, fun() -> ssl:send(Ps, <<"b">>) end),
                                               unlink(U), M = mail(U), exit(U, kill), rest(),
                                               ask(P, fun() -> ssl:send(Ps, <<"c">>) end),
                                               [Told, M, mail(Other), begin unlink(Other), exit(Other, kill), ask(P, fun() -> ssl:recv(Ps, 0, 1000) end) end]
                                       end},
             {taken_by_another, [{active, true}], fun(U, Us, P, Ps) ->
                                                          Other = actor(),
                                                          Told = ask(Other, fun() -> ssl:controlling_process(Us, Other) end),
                                                          ask(P, fun() -> ssl:send(Ps, <<"b">>) end),
                                                          [Told, mail(U), mail(Other)]
                                                  end},
             {given_to_the_dead, [{active, true}], fun(U, Us, P, Ps) ->
                                                           {Dead, Ref} = spawn_monitor(fun() -> ok end),
                                                           receive {'DOWN', Ref, _, _, _} -> ok end,
                                                           Told = ask(U, fun() -> ssl:controlling_process(Us, Dead) end),
                                                           [Told, ask(P, fun() -> ssl:recv(Ps, 0, 1000) end), mail(U),
                                                            ask(U, fun() -> ssl:send(Us, <<"a">>) end)]
                                                   end},
             {given_no_process, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:controlling_process(Us, W) end) || W <- [a, undefined, 1]] end},
             {dies, [], fun(U, _, P, Ps) -> unlink(U), exit(U, kill), [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end), ask(P, fun() -> ssl:send(Ps, <<"a">>) end)] end},
             {exits, [], fun(U, _, P, Ps) -> unlink(U), exit(U, shutdown), [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end)] end},
             {dies_with_data, [], fun(U, Us, P, Ps) -> ask(U, fun() -> ssl:send(Us, <<"last words">>) end),
                                                        unlink(U), exit(U, kill), [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end) || _ <- [1, 2]] end},
             {dies_active_peer, [], fun(U, Us, P, Ps) ->
                                            ask(P, fun() -> ssl:setopts(Ps, [{active, true}]) end),
                                            ask(U, fun() -> ssl:send(Us, <<"last words">>) end),
                                            unlink(U), exit(U, kill), [mail(P)] end},
             {links, [], fun(U, _, _, _) -> [ask(U, fun() -> {links, L} = process_info(self(), links), length(L) end)] end},
             {linked_by_user, [], fun(U, {sslsocket, _, Pid, _, _, _, _, _} = Us, _, _) ->
                                          unlink(U),
                                          ask(U, fun() -> link(Pid) end),
                                          [ask(U, fun() -> ssl:close(Us) end), is_process_alive(U), mail(U)] end},
             {connection_killed, [{active, true}], fun(U, {sslsocket, _, Pid, _, _, _, _, _} = Us, P, Ps) ->
                                                           exit(Pid, kill), rest(),
                                                           [mail(U), ask(U, fun() -> ssl:send(Us, <<"a">>) end), ask(U, fun() -> ssl:recv(Us, 0, 100) end),
                                                            ask(U, fun() -> ssl:close(Us) end), ask(P, fun() -> ssl:recv(Ps, 0, 500) end)] end}]].

%% One direction ends and the other goes on.
halves() ->
    [{{half, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{{shut, How, Active}, [{active, Active}],
              fun(U, Us, P, Ps) ->
                      ask(U, fun() -> ssl:send(Us, <<"before">>) end),
                      [ask(U, fun() -> ssl:shutdown(Us, How) end),
                       ask(P, fun() -> ssl:recv(Ps, 0, 300) end), ask(P, fun() -> ssl:recv(Ps, 0, 300) end),
                       ask(P, fun() -> ssl:send(Ps, <<"after">>) end), mail(U),
                       ask(U, fun() -> ssl:recv(Us, 0, 300) end), ask(U, fun() -> ssl:send(Us, <<"more">>) end),
                       ask(U, fun() -> ssl:close(Us) end), mail(U), ask(P, fun() -> ssl:recv(Ps, 0, 300) end),
                       ask(P, fun() -> ssl:close(Ps) end)]
              end} || How <- [read, write, read_write], Active <- [false, true]]
            ++
            [{{shut_after_shut, One, Two}, [], fun(U, Us, _, _) ->
                                                       [ask(U, fun() -> ssl:shutdown(Us, One) end), ask(U, fun() -> ssl:shutdown(Us, Two) end),
                                                        ask(U, fun() -> ssl:close(Us) end)]
                                               end} || One <- [read, write, read_write], Two <- [read, write, read_write]]
            ++
            [{{stay, Active}, [{exit_on_close, false}, {active, Active}],
              fun(U, Us, P, Ps) ->
                      [ask(P, fun() -> ssl:shutdown(Ps, write) end), mail(U), ask(U, fun() -> ssl:recv(Us, 0, 300) end),
                       ask(U, fun() -> ssl:send(Us, <<"still">>) end), ask(P, fun() -> ssl:recv(Ps, 0, 300) end),
                       ask(U, fun() -> ssl:close(Us) end)]
              end} || Active <- [false, true]]
            ++
            [{{raw_half, Active}, [{active, Active}],
              fun(U, Us, P, {sslsocket, Port, _, _, _, _, _, _} = Ps) ->
                      %% The peer's transport says FIN and nothing else.
                      gen_tcp:shutdown(Port, write),
                      [mail(U), ask(U, fun() -> ssl:recv(Us, 0, 300) end), ask(U, fun() -> ssl:send(Us, <<"still">>) end),
                       ask(P, fun() -> ssl:recv(Ps, 0, 300) end)]
              end} || Active <- [false, true]]
            ++
            [{close_with_unread, [], fun(U, Us, P, Ps) ->
                                             ask(P, fun() -> ssl:send(Ps, binary:copy(<<"x">>, 50000)) end), rest(),
                                             [ask(U, fun() -> ssl:close(Us) end), ask(P, fun() -> ssl:recv(Ps, 0, 500) end)]
                                     end},
             {close_twice, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:close(Us) end) || _ <- [1, 2]] end},
             {both_close, [], fun(U, Us, P, Ps) -> A = order(U, fun() -> ssl:close(Us) end), B = order(P, fun() -> ssl:close(Ps) end),
                                                   [answer(A, ?HANG), answer(B, ?HANG)] end},
             {send_then_close, [], fun(U, Us, P, Ps) ->
                                           Big = binary:copy(<<"x">>, 300000),
                                           A = order(U, fun() -> [ssl:send(Us, Big), ssl:close(Us)] end),
                                           Got = ask(P, fun() -> received(Ps, <<>>) end, 10000),
                                           [answer(A, ?HANG), Got]
                                   end},
             {stuck_peer_close, [], fun(U, Us, _, _) ->
                                            Ref = order(actor(), fun() -> send_much(Us) end), rest(), rest(),
                                            [ask(U, fun() -> ssl:close(Us) end, 8000), answer(Ref, 8000)]
                                    end},
             {send_timeout, [{send_timeout, 300}, {sndbuf, 10000}], fun(U, Us, _, _) ->
                                                   [ask(U, fun() -> send_much(Us) end, 8000), mail(U), ask(U, fun() -> ssl:recv(Us, 0, 100) end),
                                                    ask(U, fun() -> ssl:close(Us) end, 8000)]
                                           end},
             {send_timeout_close, [{send_timeout, 300}, {send_timeout_close, true}, {sndbuf, 10000}],
              fun(U, Us, _, _) ->
                      [ask(U, fun() -> send_much(Us) end, 8000), mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end),
                       ask(U, fun() -> ssl:recv(Us, 0, 100) end), ask(U, fun() -> ssl:close(Us) end, 8000)]
              end},
             {send_timeout_active, [{send_timeout, 300}, {send_timeout_close, true}, {sndbuf, 10000}, {active, true}],
              fun(U, Us, _, _) ->
                      [ask(U, fun() -> send_much(Us) end, 8000), mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end),
                       ask(U, fun() -> ssl:close(Us) end, 8000)]
              end}]].

send_much(S) ->
    case ssl:send(S, binary:copy(<<"x">>, 1000000)) of
        ok -> send_much(S);
        Error -> Error
    end.

downgrades() ->
    [{{down, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options, Fun} <-
            [{both, [], fun(U, Us, P, Ps) ->
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                case {answer(A, 3000), answer(B, 3000)} of
                                    {{ok, Uport}, {ok, Pport}} ->
                                        [ask(U, fun() -> inet:getopts(Uport, [active, packet, mode, header]) end),
                                         ask(U, fun() -> gen_tcp:send(Uport, <<"plain">>) end), ask(P, fun() -> gen_tcp:recv(Pport, 0, 1000) end),
                                         ask(P, fun() -> gen_tcp:send(Pport, <<"plain">>) end), ask(U, fun() -> gen_tcp:recv(Uport, 0, 1000) end),
                                         ask(U, fun() -> ssl:send(Us, <<"a">>) end), ask(U, fun() -> ssl:recv(Us, 0, 100) end), mail(U)];
                                    Other -> Other
                                end
                        end},
             {peer_does_not, [], fun(U, Us, P, Ps) ->
                                         [ask(U, fun() -> ssl:close(Us, {self(), 300}) end), ask(P, fun() -> ssl:recv(Ps, 0, 300) end), mail(U)]
                                 end},
             {peer_closes, [], fun(U, Us, P, Ps) ->
                                       A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end), rest(),
                                       B = ask(P, fun() -> ssl:close(Ps) end),
                                       [answer(A, 3000), B, mail(U)]
                               end},
             {peer_closed_before, [], fun(U, Us, P, Ps) ->
                                              B = ask(P, fun() -> ssl:close(Ps) end), rest(),
                                              [ask(U, fun() -> ssl:close(Us, {self(), 1000}) end), B]
                                      end},
             {peer_closed_before_active, [{active, true}], fun(U, Us, P, Ps) ->
                                              B = ask(P, fun() -> ssl:close(Ps) end), rest(),
                                              [ask(U, fun() -> ssl:close(Us, {self(), 1000}) end), B, mail(U)]
                                      end},
             {active, [{active, true}], fun(U, Us, P, Ps) ->
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                [answer(A, 3000), answer(B, 3000), mail(U)]
                        end},
             {data_first, [], fun(U, Us, P, Ps) ->
                                ask(P, fun() -> ssl:send(Ps, <<"unread">>) end), rest(),
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                [answer(A, 3000), answer(B, 3000), mail(U)]
                        end},
             {plain_follows, [], fun(U, Us, P, Ps) ->
                                B = order(P, fun() -> case ssl:close(Ps, {self(), 2000}) of {ok, Port} -> gen_tcp:send(Port, <<"plain">>); E -> E end end),
                                rest(),
                                A = order(U, fun() -> case ssl:close(Us, {self(), 2000}) of
                                                          {ok, Port} -> {ok, gen_tcp:recv(Port, 0, 1000)};
                                                          {ok, _, Data} -> {ok, {ok, Data}};
                                                          E -> E end end),
                                [answer(A, 3000), answer(B, 3000), mail(U)]
                        end},
             {plain_follows_at_once, [], fun(U, Us, P, Ps) ->
                                B = order(P, fun() -> case ssl:close(Ps, {self(), 2000}) of {ok, Port} -> gen_tcp:send(Port, <<"plain">>); E -> E end end),
                                A = order(U, fun() -> timer:sleep(500), case ssl:close(Us, {self(), 2000}) of
                                                          {ok, Port} -> {ok, gen_tcp:recv(Port, 0, 1000)};
                                                          {ok, _, Data} -> {ok, {ok, Data}};
                                                          E -> E end end),
                                [answer(A, 4000), answer(B, 3000), mail(U)]
                        end},
             {to_another, [], fun(U, Us, P, Ps) ->
                                Other = actor(),
                                A = order(U, fun() -> ssl:close(Us, {Other, 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                case answer(A, 3000) of
                                    {ok, Port} -> [answer(B, 3000), erlang:port_info(Port, connected) =:= {connected, Other}];
                                    E -> E
                                end
                        end},
             {owner_dies, [], fun(U, Us, P, Ps) ->
                                order(U, fun() -> ssl:close(Us, {self(), 2000}) end), rest(),
                                unlink(U), exit(U, kill),
                                [ask(P, fun() -> ssl:recv(Ps, 0, 1000) end)]
                        end},
             {arguments, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:close(Us, W) end) || W <- [{a, 5}, {self(), -1}, {self(), a}, -1, a]] end}]].

upgrades() ->
    [{{up, Name}, Fun}
     || {Name, Fun} <-
            [{{both, Options}, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          A = order(S, fun() -> ssl:handshake(Sp, merged(Options, server_options()), 5000) end),
                          B = order(C, fun() -> ssl:connect(Cp, merged(Options, client_options()), 5000) end),
                          case {answer(A, 6000), answer(B, 6000)} of
                              {{ok, Ss}, {ok, Cs}} ->
                                  [ask(S, fun() -> ssl:send(Ss, <<"hello\n">>) end), ask(C, fun() -> ssl:recv(Cs, 0, 1000) end), mail(C),
                                   ask(C, fun() -> ssl:send(Cs, <<"hello\n">>) end), ask(S, fun() -> ssl:recv(Ss, 0, 1000) end), mail(S),
                                   ask(S, fun() -> ssl:getopts(Ss, [active, packet, mode]) end), ask(C, fun() -> ssl:getopts(Cs, [active, packet, mode]) end),
                                   ask(C, fun() -> ssl:close(Cs) end), mail(S), ask(S, fun() -> ssl:close(Ss) end)];
                              Other -> Other
                          end
                  end} || Options <- [[], [{active, true}], [{packet, line}], [{packet, 2}, list], [{active, once}, {mode, list}], [{nodelay, true}]]]
            ++
            [{{plain_options, Options}, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          Set = ask(S, fun() -> inet:setopts(Sp, Options) end),
                          A = order(S, fun() -> ssl:handshake(Sp, server_options(), 3000) end),
                          timer:sleep(200),
                          B = order(C, fun() -> ssl:connect(Cp, client_options(), 3000) end),
                          case {answer(A, 4000), answer(B, 4000)} of
                              {{ok, Ss}, {ok, _}} -> [Set, ask(S, fun() -> ssl:getopts(Ss, [active, packet, mode]) end), mail(S)];
                              Other -> Other
                          end
                  end} || Options <- [[{active, true}], [{active, once}], [list], [{packet, 4}], [{header, 2}]]]
            ++
            [{not_owner, fun() ->
                          {_, Sp, _, Cp} = plain(),
                          [aside(fun() -> ssl:handshake(Sp, server_options(), 500) end), aside(fun() -> ssl:connect(Cp, client_options(), 500) end)]
                  end},
             {closed, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(S, fun() -> gen_tcp:close(Sp) end), ask(C, fun() -> gen_tcp:close(Cp) end),
                          [ask(S, fun() -> ssl:handshake(Sp, server_options(), 500) end), ask(C, fun() -> ssl:connect(Cp, client_options(), 500) end)]
                  end},
             {peer_closed, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(S, fun() -> gen_tcp:close(Sp) end), rest(),
                          [ask(C, fun() -> ssl:connect(Cp, client_options(), 500) end)]
                  end},
             {peer_closed_server, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(C, fun() -> gen_tcp:close(Cp) end), rest(),
                          [ask(S, fun() -> ssl:handshake(Sp, server_options(), 500) end)]
                  end},
             {times_out, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          [ask(S, fun() -> ssl:handshake(Sp, server_options(), 200) end), ask(C, fun() -> ssl:connect(Cp, client_options(), 200) end),
                           ask(S, fun() -> gen_tcp:send(Sp, <<"a">>) end), ask(C, fun() -> gen_tcp:send(Cp, <<"a">>) end)]
                  end},
             {bad_options, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          [ask(S, fun() -> ssl:handshake(Sp, [{what, is}, {verify, maybe_so}], 500) end), ask(C, fun() -> ssl:connect(Cp, [{verify, maybe_so}], 500) end),
                           ask(S, fun() -> ssl:handshake(Sp, [], 500) end),
                           ask(S, fun() -> gen_tcp:send(Sp, <<"a">>) end), ask(C, fun() -> gen_tcp:recv(Cp, 1, 200) end)]
                  end},
             {data_before, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          ask(C, fun() -> gen_tcp:send(Cp, <<"plain">>) end),
                          First = ask(S, fun() -> gen_tcp:recv(Sp, 5, 1000) end),
                          A = order(S, fun() -> ssl:handshake(Sp, merged([], server_options()), 3000) end),
                          B = order(C, fun() -> ssl:connect(Cp, merged([], client_options()), 3000) end),
                          [First, answer(A, 4000), answer(B, 4000)]
                  end},
             {what, fun() -> [ask(actor(), fun() -> ssl:handshake(W, server_options(), 500) end) || W <- [a, undefined, {a, b}]]
                             ++ [ask(actor(), fun() -> ssl:connect(W, client_options(), 500) end) || W <- [a, undefined, {a, b}]] end},
             {owner_dies, fun() ->
                          {S, Sp, C, Cp} = plain(),
                          A = order(S, fun() -> ssl:handshake(Sp, merged([], server_options()), 3000) end),
                          B = order(C, fun() -> ssl:connect(Cp, merged([], client_options()), 3000) end),
                          {ok, _} = answer(A, 4000), {ok, Cs} = answer(B, 4000),
                          unlink(S), exit(S, kill),
                          [ask(C, fun() -> ssl:recv(Cs, 0, 1000) end)]
                  end}]].

transports() ->
    [{{transport, Role, Name, What}, fun() -> {U, Us, P, Ps} = pair(Role, Options), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, Options} <- [{socket_backend, [{inet_backend, socket}]}, {inet_backend, [{inet_backend, inet}]},
                            {four, [{cb_info, {gen_tcp, tcp, tcp_closed, tcp_error}}]},
                            {five, [{cb_info, {gen_tcp, tcp, tcp_closed, tcp_error, tcp_passive}}]}],
        {What, Fun} <-
            [{echo, fun(U, Us, P, Ps) ->
                            Big = binary:copy(<<"x">>, 200000),
                            order(P, fun() -> {ok, D} = ssl:recv(Ps, 200000, 5000), ssl:send(Ps, D) end),
                            [ask(U, fun() -> ssl:send(Us, Big) end, 5000), ask(U, fun() -> ssl:recv(Us, 200000, 5000) end, 6000)]
                    end},
             {active, fun(U, Us, P, Ps) ->
                              ask(U, fun() -> ssl:setopts(Us, [{active, 2}, {packet, line}]) end),
                              ask(P, fun() -> ssl:send(Ps, <<"a\nb\nc\n">>) end),
                              [mail(U), ask(U, fun() -> ssl:recv(Us, 0, 100) end), ask(U, fun() -> ssl:setopts(Us, [{active, true}]) end),
                               begin ask(P, fun() -> ssl:send(Ps, <<"d\ne">>), ssl:close(Ps) end), mail(U) end]
                      end},
             {ends, fun(U, Us, P, Ps) ->
                              [ask(U, fun() -> ssl:recv(Us, 0, 100) end), ask(P, fun() -> ssl:close(Ps) end), ask(U, fun() -> ssl:recv(Us, 0, 500) end),
                               ask(U, fun() -> ssl:send(Us, <<"a">>) end), ask(U, fun() -> ssl:close(Us) end)]
                      end},
             {shut, fun(U, Us, P, Ps) ->
                              [ask(U, fun() -> ssl:shutdown(Us, write) end), ask(P, fun() -> ssl:recv(Ps, 0, 500) end),
                               ask(U, fun() -> ssl:close(Us) end)]
                      end},
             {names, fun(U, Us, _, _) -> [ask(U, fun() -> [ssl:peername(Us), ssl:sockname(Us), element(1, ssl:getstat(Us))] end)] end},
             {down, fun(U, Us, P, Ps) ->
                                A = order(U, fun() -> ssl:close(Us, {self(), 2000}) end),
                                B = order(P, fun() -> ssl:close(Ps, {self(), 2000}) end),
                                [answer(A, 3000), answer(B, 3000)]
                        end}]].
