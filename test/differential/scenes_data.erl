%% Scenes of data: passive receive, active modes, packet types, what is sent under them, switching while data wait.
-module(scenes_data).
-export([scenes/0]).
-import(scene_actors, [answer/2, aside/1, ask/2, ask/3, mail/1, order/2, pair/2, received/2, rest/0, roles/0, tear/1]).
-define(HANG, 2000).        % a call that takes longer has no answer

scenes() -> receiving() ++ actives() ++ packets() ++ switching() ++ sending().

%% Passive receive.
receiving() ->
    [{{recv, Role, Name}, fun() ->
                                  {U, Us, P, Ps} = pair(Role, []),
                                  Fun(U, Us, P, Ps)
                          end}
     || Role <- roles(),
        {Name, Fun} <-
            [{lengths, fun(U, Us, P, Ps) ->
                               ask(P, fun() -> ssl:send(Ps, <<"abcdefghij">>) end), rest(),
                               [ask(U, fun() -> ssl:recv(Us, N, T) end)
                                || {N, T} <- [{3, 0}, {0, 0}, {0, 50}, {4, 0}, {4, 100}]]
                       end},
             {too_long, fun(U, Us, P, Ps) ->
                                ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                One = ask(U, fun() -> ssl:recv(Us, 5, 200) end),
                                ask(P, fun() -> ssl:send(Ps, <<"def">>) end),
                                [One, ask(U, fun() -> ssl:recv(Us, 5, 500) end), ask(U, fun() -> ssl:recv(Us, 5, 100) end),
                                 ask(U, fun() -> ssl:recv(Us, 0, 100) end)]
                        end},
             {timed_out_then_active, fun(U, Us, P, Ps) ->
                                             ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                             [ask(U, fun() -> ssl:recv(Us, 5, 200) end),
                                              ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end),
                                              mail(U), ask(U, fun() -> ssl:getopts(Us, [active]) end)]
                                     end},
             {arguments, fun(U, Us, _, _) ->
                                 [ask(U, fun() -> ssl:recv(Us, N, T) end)
                                  || {N, T} <- [{-1, 10}, {a, 10}, {1.0, 10}, {0, -1}, {0, a}, {0, 1.0}, {<<>>, infinity}]]
                         end},
             {huge_length, fun(U, Us, P, Ps) ->
                                   ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                   [ask(U, fun() -> ssl:recv(Us, 16#7ffffff, 100) end), ask(U, fun() -> ssl:recv(Us, 0, 100) end)]
                           end},
             {length_then_closed, fun(U, Us, P, Ps) ->
                                          ask(P, fun() -> ssl:send(Ps, <<"abc">>), ssl:close(Ps) end), rest(),
                                          [ask(U, fun() -> ssl:recv(Us, N, 500) end) || N <- [2, 2, 0, 0]]
                                  end},
             {length_then_shut, fun(U, Us, P, Ps) ->
                                        ask(P, fun() -> ssl:send(Ps, <<"abc">>), ssl:shutdown(Ps, write) end), rest(),
                                        [ask(U, fun() -> ssl:recv(Us, N, 500) end) || N <- [2, 2, 0, 0]]
                                end},
             {waiting_peer_closes, fun(U, Us, P, Ps) ->
                                           Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                           ask(P, fun() -> ssl:close(Ps) end),
                                           [answer(Ref, ?HANG), mail(U)]
                                   end},
             {waiting_peer_torn, fun(U, Us, _, Ps) ->
                                         Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                         tear(Ps),
                                         [answer(Ref, ?HANG), mail(U)]
                                 end},
             {waiting_closed_aside, fun(U, Us, _, _) ->
                                            Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                            [aside(fun() -> ssl:close(Us) end), answer(Ref, ?HANG)]
                                    end},
             {waiting_peer_dies, fun(U, Us, P, _) ->
                                         Ref = order(U, fun() -> ssl:recv(Us, 0) end), rest(),
                                         unlink(P), exit(P, kill),
                                         [answer(Ref, ?HANG), mail(U)]
                                 end},
             {waiting_setopts_aside, fun(U, Us, P, Ps) ->
                                             Ref = order(U, fun() -> ssl:recv(Us, 0, 1000) end), rest(),
                                             Set = aside(fun() -> ssl:setopts(Us, [{mode, list}]) end),
                                             ask(P, fun() -> ssl:send(Ps, <<"abc">>) end),
                                             [Set, answer(Ref, ?HANG)]
                                     end},
             {waiting_send_aside, fun(U, Us, P, Ps) ->
                                          Ref = order(U, fun() -> ssl:recv(Us, 0, 1000) end), rest(),
                                          Sent = aside(fun() -> ssl:send(Us, <<"abc">>) end),
                                          Echo = ask(P, fun() -> {ok, D} = ssl:recv(Ps, 3), ssl:send(Ps, D) end),
                                          [Sent, Echo, answer(Ref, ?HANG)]
                                  end}]].

%% Active modes.
actives() ->
    Data = fun(P, Ps, List) -> [begin ask(P, fun() -> ssl:send(Ps, D) end), timer:sleep(30) end || D <- List] end,
    Set = fun(U, Us, Option) -> {Option, ask(U, fun() -> ssl:setopts(Us, [{active, Option}]) end), mail(U),
                                 ask(U, fun() -> ssl:getopts(Us, [active]) end)} end,
    [{{active, Role, Name}, fun() -> {U, Us, P, Ps} = pair(Role, [{active, First} | Options]), Fun(U, Us, P, Ps) end}
     || Role <- roles(),
        {Name, First, Options, Fun} <-
            [{{sets, First, Sets}, First, [{packet, 1}],
              fun(U, Us, P, Ps) ->
                      Data(P, Ps, [<<1, "a">>, <<1, "b", 1, "c">>]),
                      Before = [mail(U), ask(U, fun() -> ssl:getopts(Us, [active]) end)],
                      During = [begin Told = Set(U, Us, Option), Data(P, Ps, [<<1, "x", 1, "y">>]), {Told, mail(U)} end
                                || Option <- Sets],
                      ask(P, fun() -> ssl:close(Ps) end),
                      [Before, During, mail(U)]
              end} || First <- [true, once, 3, 1, false],
                      Sets <- [[once], [true], [false], [2], [-1], [-5], [0], [false, once, true], [32767, 1], [-32768, -32768], [once, once],
                               [once, 5, once], [true, 2], [2, true], [2, 2, -3], [40000], [a], [5, false, 1]]]
            ++
            [{recv_when_active, true, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 0, 100) end) end},
             {recv_when_once, once, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 0, 100) end) end},
             {recv_when_many, 5, [], fun(U, Us, _, _) -> ask(U, fun() -> ssl:recv(Us, 0, 100) end) end},
             {recv_between, once, [], fun(U, Us, P, Ps) ->
                                              Data(P, Ps, [<<"ab">>, <<"cd">>]),
                                              [mail(U), ask(U, fun() -> ssl:recv(Us, 1, 100) end),
                                               ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end), mail(U),
                                               ask(U, fun() -> ssl:recv(Us, 1, 100) end)]
                                      end},
             {recv_waits_then_active, false, [], fun(U, Us, P, Ps) ->
                                                         Ref = order(U, fun() -> ssl:recv(Us, 0, 700) end), rest(),
                                                         Answer = aside(fun() -> ssl:setopts(Us, [{active, true}]) end),
                                                         Data(P, Ps, [<<"ab">>]),
                                                         [Answer, answer(Ref, ?HANG), length(mail(U)) =< 1]
                                                 end},
             {closed_when_active, true, [], fun(U, Us, P, Ps) ->
                                                    ask(P, fun() -> ssl:send(Ps, <<"ab">>), ssl:close(Ps) end),
                                                    [mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, true}]) end), mail(U)]
                                            end},
             {closed_when_passive, false, [], fun(U, Us, P, Ps) ->
                                                      ask(P, fun() -> ssl:send(Ps, <<"ab">>), ssl:close(Ps) end), rest(),
                                                      [mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, true}]) end), mail(U)]
                                              end},
             {closed_when_passive_once, false, [{packet, 1}],
              fun(U, Us, P, Ps) ->
                      ask(P, fun() -> ssl:send(Ps, <<1, "a", 1, "b">>), ssl:close(Ps) end), rest(),
                      [mail(U), [{ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end), mail(U)} || _ <- [1, 2, 3, 4]]]
              end},
             {closed_when_passive_many, false, [{packet, 1}],
              fun(U, Us, P, Ps) ->
                      ask(P, fun() -> ssl:send(Ps, <<1, "a", 1, "b">>), ssl:close(Ps) end), rest(),
                      [mail(U), [{ask(U, fun() -> ssl:setopts(Us, [{active, 1}]) end), mail(U)} || _ <- [1, 2, 3, 4]]]
              end},
             {torn_when_active, true, [], fun(U, Us, _, Ps) ->
                                                  tear(Ps),
                                                  [mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end)]
                                          end},
             {torn_when_once, once, [], fun(U, Us, _, Ps) ->
                                                tear(Ps),
                                                [mail(U), ask(U, fun() -> ssl:send(Us, <<"x">>) end)]
                                        end},
             {own_close, true, [], fun(U, Us, _, _) -> [ask(U, fun() -> ssl:close(Us) end), mail(U)] end},
             {close_aside, true, [], fun(U, Us, _, _) -> [aside(fun() -> ssl:close(Us) end), mail(U)] end},
             {big, true, [], fun(U, _, P, Ps) ->
                                     ask(P, fun() -> ssl:send(Ps, binary:copy(<<"x">>, 100000)) end),
                                     [iolist_size([D || {ssl, _, D} <- mail(U)])]
                             end}]].

packets() ->
    [{{packet, Role, Type, Name, How, Mode}, fun() -> packet(Role, Type, Stream, Options, How, Mode) end}
     || {Type, Name, Stream, Options} <- streams(), Mode <- [binary, list],
        {Role, How} <- [{client, passive}, {server, active}, {server, once}, {client, {active, 2}}, {server, dribble}],
        %% What is no packet comes in pieces as the time has it.
        How =/= dribble orelse (Type =/= 0 andalso Type =/= raw)].

packet(Role, Type, Stream, Options, How, Mode) ->
    Active = case How of passive -> false; active -> true; once -> once; dribble -> true; {active, N} -> N end,
    {U, Us, P, Ps} = pair(Role, [{mode, Mode}, {packet, Type}, {active, Active} | Options]),
    case How of
        dribble -> [ask(P, fun() -> ssl:send(Ps, <<Byte>>) end) || <<Byte>> <= binary:part(Stream, 0, min(100, byte_size(Stream)))];
        _ -> ask(P, fun() -> ssl:send(Ps, Stream) end)
    end,
    First = case How of
                passive -> [ask(U, fun() -> ssl:recv(Us, N, 300) end) || N <- [0, 3, 0, 0, 0, 1, 0, 0]];
                once -> [{mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, once}]) end)} || _ <- lists:seq(1, 6)];
                {active, _} -> [{mail(U), ask(U, fun() -> ssl:setopts(Us, [{active, 2}]) end)} || _ <- lists:seq(1, 4)];
                %% How much had come when it was refused depends on the time.
                dribble -> [case Message of {ssl_error, S, {invalid_packet, _}} -> {ssl_error, S, invalid_packet}; _ -> Message end || Message <- mail(U)];
                _ -> mail(U)
            end,
    Packet = ask(U, fun() -> ssl:getopts(Us, [packet, packet_size, active, mode, header]) end),
    ask(P, fun() -> ssl:close(Ps) end),
    [First, Packet, mail(U), ask(U, fun() -> ssl:recv(Us, 0, 100) end)].

streams() ->
    Long = binary:copy(<<"x">>, 300),
    Http = <<"GET /a?b HTTP/1.1\r\nHost: localhost\r\nX-Some: a,\r\n b\r\n\r\nPOST http://h:80/ HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc">>,
    Response = <<"HTTP/1.1 200 OK\r\nServer: x\r\nconnection: close\r\n\r\nbody\r\n">>,
    [{raw, plain, <<"abcdef">>, []}, {0, plain, <<"abcdef">>, []}, {0, header, <<"abcdef">>, [{header, 2}]},
     {0, long_header, <<"abcdef">>, [{header, 20}]},
     {1, three, <<3, "abc", 0, 2, "de", 1>>, []}, {1, header, <<3, "abc", 0, 2, "de", 1>>, [{header, 1}]},
     {1, limit, <<3, "abc", 9, "abcdefghi", 1, "x">>, [{packet_size, 5}]},
     {2, three, <<3:16, "abc", 0:16, 2:16, "de", 1:16>>, []}, {2, limit, <<3:16, "abc", 300:16, Long/binary, 1:16, "x">>, [{packet_size, 299}]},
     {2, limit_is_enough, <<3:16, "abc", 300:16, Long/binary, 1:16, "x">>, [{packet_size, 300}]},
     {4, three, <<3:32, "abc", 0:32, 2:32, "de", 1:32>>, []}, {4, limit, <<3:32, "abc", 300:32, Long/binary>>, [{packet_size, 100}]},
     {4, huge, <<3:32, "abc", 16#ffffffff:32, "abc">>, []}, {4, large, <<3:32, "abc", 16#4000001:32, "abc">>, []},
     {4, limit_partial, <<3:32, "abc", 300:32, "ab">>, [{packet_size, 100}]},
     {asn1, three, <<16#30, 3, "abc", 16#30, 0, 16#30, 16#82, 2:16, "de", 4, 1>>, []},
     {asn1, longtag, <<16#3f, 16#81, 1, 3, "abc", 16#30, 1, "x">>, []},
     {asn1, indefinite, <<16#30, 3, "abc", 16#30, 16#80, "abc", 0, 0>>, []},
     {asn1, limit, <<16#30, 3, "abc", 16#30, 16#82, 300:16, Long/binary>>, [{packet_size, 100}]},
     {asn1, huge, <<16#30, 16#84, 16#ffffffff:32, "abc">>, []},
     {cdr, two, <<"GIOP", 1, 0, 0, 0, 3:32, "abc", "GIOP", 1, 0, 1, 0, 2:32/little, "de", "GIOP">>, []},
     {cdr, bad, <<"GIOP", 1, 0, 0, 0, 3:32, "abcNOTGIOPATALL">>, []},
     {cdr, limit, <<"GIOP", 1, 0, 0, 0, 300:32, Long/binary>>, [{packet_size, 100}]},
     {sunrm, two, <<16#80000003:32, "abc", 16#80000000:32, 2:32, "de">>, []},
     {sunrm, limit, <<16#80000003:32, "abc", 300:32, Long/binary>>, [{packet_size, 100}]},
     {fcgi, two, <<1, 1, 0, 1, 3:16, 1, 0, "abc", 0, 1, 1, 0, 1, 0:16, 0, 0, 1, 1>>, []},
     {fcgi, bad, <<2, 1, 0, 1, 3:16, 1, 0, "abc", 0>>, []},
     {tpkt, two, <<3, 0, 7:16, "abc", 3, 0, 4:16, 3, 0>>, []},
     {tpkt, bad, <<3, 0, 7:16, "abc", 4, 0, 7:16, "abc">>, []},
     {tpkt, short, <<3, 0, 7:16, "abc", 3, 0, 2:16, "abc">>, []},
     {line, three, <<"abc\ndef\r\n\nghi">>, []}, {line, header, <<"abc\ndef\r\n\nghi">>, [{header, 2}]},
     {line, cut, <<"abcdefghij\nkl\nmnopqr">>, [{packet_size, 4}]},
     {line, delimiter, <<"abc\ndef\r\n|ghi|">>, [{line_delimiter, $|}]},
     {http, requests, Http, []}, {http, response, Response, []}, {http_bin, requests, Http, []}, {http_bin, response, Response, []},
     {http, bad, <<"what is this\r\nHost: x\r\n\r\n">>, []}, {http_bin, bad, <<"what is this\r\nHost: x\r\n\r\n">>, []},
     {http, bad_header, <<"GET / HTTP/1.1\r\nno header\r\nHost: x\r\n\r\n">>, []},
     {http, limit, <<"GET /", Long/binary, " HTTP/1.1\r\n\r\n">>, [{packet_size, 100}]},
     {http_bin, limit, <<"GET / HTTP/1.1\r\nX: ", Long/binary, "\r\n\r\n">>, [{packet_size, 100}]},
     {httph, headers, <<"Host: x\r\nX-y: z\r\n\r\nHost: y\r\n\r\n">>, []}, {httph_bin, headers, <<"Host: x\r\nX-y: z\r\n\r\nHost: y\r\n\r\n">>, []},
     {httph, request, Http, []}].

%% Packet type and others change between messages, with data waiting.
switching() ->
    Stream = <<3, "abc", 2:16, "de", "line\n", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "raw bytes">>,
    [{{switch, Role, Mode}, fun() ->
                                    {U, Us, P, Ps} = pair(Role, [{mode, Mode}, {packet, 1}]),
                                    ask(P, fun() -> ssl:send(Ps, Stream) end),
                                    [{Option, ask(U, fun() -> ssl:setopts(Us, [Option]) end), ask(U, fun() -> ssl:recv(Us, 0, 300) end)}
                                     || Option <- [{packet, 1}, {packet, 2}, {packet, line}, {packet, http}, {packet, http}, {packet, httph_bin},
                                                   {packet, raw}]]
                            end} || Role <- roles(), Mode <- [list, binary]]
        ++
    [{{switch, Role, active, How}, fun() ->
                                           {U, Us, P, Ps} = pair(Role, [{packet, 1}]),
                                           ask(P, fun() -> ssl:send(Ps, Stream) end),
                                           [{Options, ask(U, fun() -> ssl:setopts(Us, Options) end), mail(U)}
                                            || Packet <- [1, 2, line, http, http, http, raw],
                                               Options <- [case How of
                                                               both -> [{packet, Packet}, {active, once}];
                                                               after_ -> [{active, once}, {packet, Packet}];
                                                               one -> [{packet, Packet}, {active, 1}]
                                                           end]]
                                   end} || Role <- roles(), How <- [both, after_, one]]
        ++
    [{{switch, Role, Name}, fun() ->
                                    {U, Us, P, Ps} = pair(Role, [{active, true} | First]),
                                    ask(P, fun() -> ssl:send(Ps, Data) end),
                                    Before = mail(U),
                                    [Before, {Options, ask(U, fun() -> ssl:setopts(Us, Options) end), mail(U)},
                                     begin ask(P, fun() -> ssl:send(Ps, More) end), mail(U) end]
                            end}
     || Role <- roles(),
        {Name, First, Data, Options, More} <-
            [{partial_to_raw, [{packet, 4}], <<10:32, "abc">>, [{packet, raw}], <<"def">>},
             {partial_to_line, [{packet, 4}], <<10:32, "abc">>, [{packet, line}], <<"def\ngh">>},
             {line_to_raw, [{packet, line}], <<"a\nbcd">>, [{packet, 0}], <<"e">>},
             {line_to_two, [{packet, line}], <<"a\n", 0, 3, "b">>, [{packet, 2}], <<"cd", 0, 1, "e">>},
             {limit_later, [{packet, 4}], <<10:32, "abc">>, [{packet_size, 5}], <<"def">>},
             {to_list, [], <<"abc">>, [list], <<"def">>},
             {to_list_mode, [], <<"abc">>, [{mode, list}], <<"def">>},
             {to_header, [], <<"abc">>, [{header, 1}], <<"def">>},
             {to_passive, [], <<"abc">>, [{active, false}], <<"def">>}]].

%% What is sent under a packet type.
sending() ->
    [{{send, Role, Packet, Name}, fun() ->
                                    {U, Us, P, Ps} = pair(Role, [{packet, Packet}]),
                                    Sent = ask(U, fun() -> ssl:send(Us, Data) end, 10000),
                                    [Sent, case Sent of
                                               ok -> ask(P, fun() -> received(Ps, <<>>) end, 10000);
                                               _ -> ask(P, fun() -> ssl:recv(Ps, 0, 100) end)
                                           end, ask(U, fun() -> ssl:send(Us, <<"x">>) end)]
                            end}
     || Role <- roles(),
        Packet <- [raw, 0, 1, 2, 4, asn1, line, http, tpkt],
        {Name, Data} <- [{short, <<"abc">>}, {nothing, <<>>}, {iolist, ["a", <<"b">>, [$c]]}, {'255', binary:copy(<<"x">>, 255)},
                         {'256', binary:copy(<<"x">>, 256)}, {'65535', binary:copy(<<"x">>, 65535)}, {'65536', binary:copy(<<"x">>, 65536)},
                         {atom, a}, {improper, [a | b]}, {wide, [300]}]].
