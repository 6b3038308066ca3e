%% What a connection does, as a model, and a player that holds real connections against it.
%%
%% Two ends, a (the client) and b (the server), are called as a list of commands says, in any order and in any state; nothing
%% is a precondition, for what a call answers in the wrong state is modelled too. The model knows of each direction the bytes that
%% were sent and not delivered yet, and of each end its options, its owner and whether it is open. What it leaves open is how a
%% stream of bytes is cut into messages when no packet type cuts it.
%%
%% Lists of commands are made and shortened by PropEr: ssl_property_SUITE.
-module(socket_model).

-export([play/2, commands/0]).

-define(SOON, 10000).        % what must come, comes in this time
-define(NOT_YET, 25).       % time-out of a recv that finds nothing

%% One end.
-record(end_, {socket :: term(),
               owner :: o1 | o2,
               actors :: #{o1 | o2 => pid()},
               open = true :: boolean(),
               shut = false :: boolean(),          % it sends no more
               active = false :: boolean() | once | pos_integer(),
               mode = binary :: binary | list,
               packet = 0 :: 0 | 1 | 2 | 4 | line,
               inbox = <<>> :: binary(),           % sent by the other end, not delivered
               ended = false :: boolean(),         % nothing more will come
               doubt = false :: boolean(),         % what was on its way may be lost
               perhaps = false :: boolean()}).     % the other end may close by itself, for it knows that we send no more

%%--------------------------------------------------------------------------------------------------------------------
%% Commands
%%--------------------------------------------------------------------------------------------------------------------

commands() ->
    proper_types:resize(40, proper_types:list(command())).

command() ->
    Side = proper_types:oneof([a, b]),
    proper_types:frequency(
      [{10, {send, Side, data()}},
       {10, {recv, Side, proper_types:oneof([0, 0, 1, 3, 10])}},
       {3, {await, Side, data()}},
       {8, {active, Side, proper_types:oneof([false, once, once, true, 1, 2, 3, -1, -2, 0])}},
       {3, {mode, Side, proper_types:oneof([list, binary])}},
       {4, {packet, Side, proper_types:oneof([0, 1, 2, 4, line])}},
       {2, {owner, Side, proper_types:oneof([o1, o2])}},
       {2, {getopts, Side}},
       {1, {update_keys, Side}},
       {1, {shutdown, Side, proper_types:oneof([write, write, read, read_write])}},
       {1, {close, Side}},
       {1, {kill_owner, Side}},
       {1, {kill_connection, Side}}]).

data() ->
    Byte = proper_types:oneof([$\n, 0, 1, 2, 3, proper_types:byte()]),
    proper_types:frequency([{6, proper_types:list(Byte)},
                            %% well formed messages of each packet type
                            {3, [1, $x]}, {3, [0, 2, $y, $z]}, {3, [0, 0, 0, 1, $w]}, {3, "line\n"},
                            {1, {many, proper_types:integer(1, 70000)}}]).

bytes({many, N}) -> binary:copy(<<"m">>, N);
bytes(List) -> list_to_binary(List).

%%--------------------------------------------------------------------------------------------------------------------
%% Playing
%%--------------------------------------------------------------------------------------------------------------------

%% Plays commands on a connection that Connect gives, as sockets {Client, Server} owned by the caller. `ok`, or the command at
%% which reality left the model, with what was expected and seen.
-spec play([tuple()], fun(() -> {term(), term()})) -> ok | {differs, tuple()}.
play(Commands, Connect) ->
    {Client, Server} = Connect(),
    World = #{a => new_end(Client), b => new_end(Server)},
    Actors = [Actor || #end_{actors = Own} <- maps:values(World), Actor <- maps:values(Own)],
    try
        play_all(Commands, World)
    catch
        throw:{differs, _} = Difference -> Difference
    after
        [begin unlink(Actor), exit(Actor, kill) end || Actor <- Actors],
        %% Owners' deaths close what is open.
        ssl:close(Client), ssl:close(Server)
    end.

new_end(Socket) ->
    Actors = #{o1 => actor(), o2 => actor()},
    ok = ssl:controlling_process(Socket, map_get(o1, Actors)),
    #end_{socket = Socket, owner = o1, actors = Actors}.

play_all([], World) ->
    %% Nothing comes that was not expected.
    timer:sleep(?NOT_YET),
    _ = silence(finally, World),
    ok;
play_all([Command | Rest], World) ->
    play_all(Rest, pump(Command, do(Command, World))).

%% Both ends' owners get what they are due.
pump(Command, World0) ->
    World = deliver(Command, b, deliver(Command, a, World0)),
    case World of
        World0 ->
            case silence(Command, World) of
                World -> World;
                Later -> pump(Command, Later)
            end;
        _ -> pump(Command, World)
    end.

%% No message that is not due: but the end, where the model leaves open when it comes.
silence(Command, World) ->
    lists:foldl(fun({Side, Name}, W) -> silent(Command, W, Side, Name) end, World, [{Side, Name} || Side <- [a, b], Name <- [o1, o2]]).

silent(Command, World, Side, Name) ->
    #{Side := #end_{active = Active, perhaps = Perhaps, owner = Owner, socket = Socket}} = World,
    case ask(map_get(Name, (map_get(Side, World))#end_.actors), fun() -> mail(0) end) of
        nothing -> World;
        {ssl_closed, Socket} when Perhaps, Active =/= false, Owner =:= Name -> closed(Side, World);
        Message -> throw({differs, {Command, {Side, Name}, nothing, Message}})
    end.

%% Messages of active mode.
deliver(Command, Side, World) ->
    case World of
        #{Side := #end_{open = true, active = Active} = E} when Active =/= false ->
            case next(E, 0) of
                nothing -> World;
                closed ->
                    expect(Command, E, {ssl_closed, E#end_.socket}),
                    closed(Side, World);
                invalid ->
                    case message(E) of
                        {ssl_error, Socket, {invalid_packet, Bytes}} when Socket =:= E#end_.socket -> uncut(Command, Bytes, E);
                        Other -> throw({differs, {Command, invalid, Other}})
                    end,
                    closed(Side, World);
                Unit ->
                    case message(E) of
                        {ssl, Socket, Data} when Socket =:= E#end_.socket ->
                            deliver(Command, Side, World#{Side := counted(Command, taken(Command, Unit, Data, E))});
                        {ssl_closed, Socket} when Socket =:= E#end_.socket, E#end_.doubt ->
                            closed(Side, World);
                        Other -> throw({differs, {Command, Side, Unit, Other}})
                    end
            end;
        _ -> World
    end.

counted(_, #end_{active = true} = E) -> E;
counted(_, #end_{active = once} = E) -> E#end_{active = false};
counted(Command, #end_{active = 1} = E) ->
    expect(Command, E, {ssl_passive, E#end_.socket}),
    E#end_{active = false};
counted(_, #end_{active = N} = E) -> E#end_{active = N - 1}.

%% What cannot be cut is shown: all that is left, or what of it was there when it was looked at.
uncut(Command, Bytes, #end_{mode = Mode, inbox = Inbox} = E) ->
    Shown = case Mode of list -> list_to_binary(Bytes); binary -> Bytes end,
    case binary:longest_common_prefix([Inbox, Shown]) =:= byte_size(Shown) andalso next(E#end_{inbox = Shown}, 0) of
        invalid -> ok;
        _ -> throw({differs, {Command, Inbox, Bytes}})
    end.

%% Does delivering what is there come to something that cannot be cut? Then who asked is told that it is over.
stumbles(#end_{active = false}) -> false;
stumbles(#end_{active = Active} = E) ->
    case next(E, 0) of
        invalid -> true;
        {unit, _, Rest} ->
            stumbles(E#end_{inbox = Rest, active = case Active of
                                                       true -> true;
                                                       N when is_integer(N), N > 1 -> N - 1;
                                                       _ -> false
                                                   end});
        _ -> false
    end.

%% (If it has come already.)
answered(Command, E, Answer) ->
    case stumbles(E) of
        true when Answer =:= {error, closed} -> ok;
        _ -> same(Command, ok, Answer)
    end.

expect(Command, E, Message) ->
    case message(E) of
        Message -> ok;
        Other -> throw({differs, {Command, Message, Other}})
    end.

message(#end_{owner = Owner, actors = Actors}) ->
    ask(map_get(Owner, Actors), fun() -> mail(?SOON) end).

%% What can be delivered next: one unit, some of the stream, the end, or nothing now.
next(#end_{inbox = <<>>, ended = Ended}, _) -> ended(Ended);
next(#end_{inbox = Inbox, packet = 0}, 0) -> {some, Inbox};
next(#end_{inbox = Inbox, packet = 0, ended = Ended}, Length) ->
    case Inbox of
        <<Unit:Length/binary, Rest/binary>> -> {unit, Unit, Rest};
        _ -> ended(Ended)
    end;
next(#end_{inbox = Inbox, packet = Packet, ended = Ended}, _) ->
    case erlang:decode_packet(Packet, Inbox, []) of
        {ok, Unit, Rest} -> {unit, Unit, Rest};
        {more, _} -> ended(Ended);
        {error, _} -> invalid
    end.

ended(true) -> closed;
ended(false) -> nothing.

%% Data that came are what was due.
taken(Command, Due, Data, #end_{mode = Mode} = E) ->
    Bytes = case {Mode, Data} of
                {list, List} when is_list(List) -> list_to_binary(List);
                {binary, Binary} when is_binary(Binary) -> Binary;
                _ -> throw({differs, {Command, Mode, Data}})
            end,
    case Due of
        {unit, Bytes, Rest} ->
            E#end_{inbox = Rest};
        {some, Inbox} when byte_size(Bytes) > 0, byte_size(Bytes) =< byte_size(Inbox) ->
            case split_binary(Inbox, byte_size(Bytes)) of
                {Bytes, Rest} -> E#end_{inbox = Rest};
                _ -> throw({differs, {Command, Due, Data}})
            end;
        _ ->
            throw({differs, {Command, Due, Data}})
    end.

%% This end is closed, in whatever way: the other one will hear of it after what was sent.
closed(Side, World) ->
    #{Side := E} = World,
    over(Side, World#{Side := E#end_{open = false, shut = true, active = false, inbox = <<>>}}).

over(Side, World) ->
    Other = other(Side),
    #{Side := E, Other := O} = World,
    World#{Side := E#end_{perhaps = E#end_.open}, Other := O#end_{ended = true}}.

other(a) -> b;
other(b) -> a.

%%--------------------------------------------------------------------------------------------------------------------
%% What each command does
%%--------------------------------------------------------------------------------------------------------------------

do(Command, World) ->
    Side = element(2, Command),
    #{Side := #end_{perhaps = Perhaps, socket = Socket} = E} = World,
    try do_(Command, World)
    catch
        throw:{differs, {Command, _, {error, closed}}} when Perhaps ->
            case ask(map_get(E#end_.owner, E#end_.actors), fun() -> mail(0) end) of
                nothing -> ok;
                {ssl_closed, Socket} -> ok;
                Message -> throw({differs, {Command, nothing, Message}})
            end,
            closed(Side, World)
    end.

do_({send, Side, What} = Command, World) ->
    Other = other(Side),
    #{Side := E, Other := O} = World,
    Data = bytes(What),
    Header = case E#end_.packet of N when is_integer(N) -> N; _ -> 0 end,
    TooLong = Header > 0 andalso byte_size(Data) >= 1 bsl (8 * Header),
    if
        not E#end_.open; E#end_.shut ->
            same(Command, {error, closed}, call(E, fun(S) -> ssl:send(S, Data) end)),
            World;
        TooLong ->
            same(Command, {error, {badarg, {packet_to_large, byte_size(Data), (1 bsl (8 * Header)) - 1}}},
                 call(E, fun(S) -> ssl:send(S, Data) end)),
            World;
        E#end_.ended; not O#end_.open ->
            %% The other end sends no more or is gone. What this end knows of it yet, and what a reset would make of what is on
            %% its way, is open.
            World;
        true ->
            same(Command, ok, call(E, fun(S) -> ssl:send(S, Data) end)),
            Framed = if Header > 0 -> <<(byte_size(Data)):Header/unit:8, Data/binary>>; true -> Data end,
            World#{Other := O#end_{inbox = <<(O#end_.inbox)/binary, Framed/binary>>}}
    end;
do_({recv, Side, Length} = Command, World) ->
    #{Side := E} = World,
    if
        not E#end_.open ->
            same(Command, {error, closed}, call(E, fun(S) -> ssl:recv(S, Length, ?NOT_YET) end)),
            World;
        E#end_.active =/= false ->
            same(Command, {error, einval}, call(E, fun(S) -> ssl:recv(S, Length, ?NOT_YET) end)),
            World;
        true ->
            Next = next(E, Length),
            Timeout = case Next of nothing -> ?NOT_YET; _ -> ?SOON end,
            case {Next, call(E, fun(S) -> ssl:recv(S, Length, Timeout) end)} of
                {nothing, {error, timeout}} -> World;
                {nothing, {error, closed}} when E#end_.perhaps -> closed(Side, World);
                {closed, {error, closed}} -> closed(Side, World);
                {invalid, {error, {invalid_packet, Bytes}}} ->
                    uncut(Command, Bytes, E),
                    closed(Side, World);
                {_, {error, closed}} when E#end_.doubt -> closed(Side, World);
                {_, {ok, Data}} when Next =/= nothing -> World#{Side := taken(Command, Next, Data, E)};
                {_, Answer} -> throw({differs, {Command, Next, Answer}})
            end
    end;
%% A recv that waits when the other end sends.
do_({await, Side, What} = Command, World) ->
    Other = other(Side),
    case World of
        #{Side := #end_{open = true, active = false, packet = 0, inbox = <<>>, ended = false} = E,
          Other := #end_{open = true, shut = false, packet = 0, ended = false} = O} ->
            case bytes(What) of
                <<>> -> World;
                Data ->
                    Waiting = order(E, fun(S) -> ssl:recv(S, byte_size(Data), ?SOON) end),
                    timer:sleep(2),
                    same(Command, ok, call(O, fun(S) -> ssl:send(S, Data) end)),
                    {ok, Got} = answer(Waiting),
                    World#{Side := taken(Command, {unit, Data, <<>>}, Got, E)}
            end;
        _ -> World
    end;
do_({active, Side, Active} = Command, World) ->
    #{Side := E} = World,
    Answer = call(E, fun(S) -> ssl:setopts(S, [{active, Active}]) end),
    New = case E#end_.active of
              Old when is_integer(Active), is_integer(Old) -> Old + Active;
              _ -> Active
          end,
    if
        not E#end_.open ->
            same(Command, {error, closed}, Answer),
            World;
        is_integer(New), New =< 0 ->
            same(Command, ok, Answer),
            expect(Command, E, {ssl_passive, E#end_.socket}),
            World#{Side := E#end_{active = false}};
        true ->
            answered(Command, E#end_{active = New}, Answer),
            World#{Side := E#end_{active = New}}
    end;
do_({mode, Side, Mode} = Command, World) -> option(Command, Side, {mode, Mode}, fun(E) -> E#end_{mode = Mode} end, World);
do_({packet, Side, Packet} = Command, World) -> option(Command, Side, {packet, Packet}, fun(E) -> E#end_{packet = Packet} end, World);
do_({owner, Side, Name} = Command, World) ->
    #{Side := #end_{actors = Actors} = E} = World,
    Answer = call(E, fun(S) -> ssl:controlling_process(S, map_get(Name, Actors)) end),
    case E#end_.open of
        true -> same(Command, ok, Answer), World#{Side := E#end_{owner = Name}};
        false -> same(Command, {error, closed}, Answer), World
    end;
do_({getopts, Side} = Command, World) ->
    #{Side := #end_{open = Open, packet = Packet, mode = Mode, active = Active} = E} = World,
    same(Command, case Open of
                      true -> {ok, [{active, Active}, {mode, Mode}, {packet, Packet}]};
                      false -> {error, closed}
                  end,
         call(E, fun(S) -> ssl:getopts(S, [packet, mode, active]) end)),
    World;
do_({update_keys, Side} = Command, World) ->
    #{Side := #end_{open = Open, shut = Shut, ended = Ended} = E} = World,
    Answer = case Ended of
                 true -> ok;
                 false -> call(E, fun(S) -> ssl:update_keys(S, read_write) end)
             end,
    if
        Ended -> ok;
        not Open; Shut -> same(Command, {error, closed}, Answer);
        Answer =:= {error, not_supported} -> ok;      % before TLS 1.3
        true -> same(Command, ok, Answer)
    end,
    World;
do_({shutdown, Side, How} = Command, World) ->
    #{Side := E} = World,
    Answer = call(E, fun(S) -> ssl:shutdown(S, How) end),
    case E of
        #end_{open = false} ->
            same(Command, {error, closed}, Answer),
            World;
        #end_{ended = Ended, shut = Shut} when Ended; Shut ->
            %% The transport may know of the end before this end does; and our close_notify makes the peer end, too.
            case {How, Answer} of
                {_, ok} when How =:= write -> over(Side, World#{Side := E#end_{shut = true, doubt = true}});
                {_, ok} -> over(Side, World#{Side := E#end_{shut = true, ended = true, doubt = true}});
                {_, {error, Reason}} when Reason =:= closed; Reason =:= enotconn ->
                    case call(E, fun(S) -> ssl:getopts(S, []) end) of
                        {ok, []} -> over(Side, World#{Side := E#end_{shut = true, doubt = true}});
                        {error, closed} -> closed(Side, World)
                    end;
                _ -> throw({differs, {Command, Answer}})
            end;
        #end_{} ->
            same(Command, ok, Answer),
            case How of
                write -> over(Side, World#{Side := E#end_{shut = true}});
                _ -> over(Side, World#{Side := E#end_{shut = true, ended = true, doubt = true}})
            end
    end;
do_({close, Side} = Command, World) ->
    #{Side := E} = World,
    same(Command, ok, call(E, fun ssl:close/1)),
    closed(Side, World);
do_({kill_owner, Side}, World) ->
    #{Side := #end_{actors = Actors, owner = Owner, socket = Socket, open = Open} = E} = World,
    Actor = map_get(Owner, Actors),
    unlink(Actor),
    exit(Actor, kill),
    Open andalso tls_pairs:eventually(fun() -> {error, _} = ssl:getopts(Socket, [active]) end),
    %% The other one of the two takes the place, to be asked.
    New = E#end_{actors = Actors#{Owner := actor()}},
    case Open of
        true -> closed(Side, World#{Side := New});
        false -> World#{Side := New}
    end;
do_({kill_connection, Side}, World) ->
    #{Side := #end_{socket = Socket, open = Open, active = Active} = E} = World,
    Pid = tls_pairs:endpoint(Socket),
    Ref = erlang:monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    Other = other(Side),
    case Open of
        true ->
            %% Its transport goes with it: what it has not read makes that a reset.
            #{Other := O} = Closed = closed(Side, World#{Side := E#end_{active = case Active of _ -> false end}}),
            Closed#{Other := O#end_{doubt = true}};
        false ->
            World
    end.

option(Command, Side, Option, Change, World) ->
    #{Side := E} = World,
    Answer = call(E, fun(S) -> ssl:setopts(S, [Option]) end),
    case E#end_.open of
        true -> answered(Command, Change(E), Answer), World#{Side := Change(E)};
        false -> same(Command, {error, closed}, Answer), World
    end.

same(_, Answer, Answer) -> ok;
same(Command, Expected, Answer) -> throw({differs, {Command, Expected, Answer}}).

%%--------------------------------------------------------------------------------------------------------------------
%% Actors
%%--------------------------------------------------------------------------------------------------------------------

actor() -> spawn_link(fun act/0).

act() ->
    receive {do, From, Ref, Fun} -> From ! {Ref, Fun()} end,
    act().

%% The owner calls.
call(#end_{owner = Owner, actors = Actors, socket = Socket}, Fun) ->
    ask(map_get(Owner, Actors), fun() -> Fun(Socket) end).

%% The same, the answer later; in a process of its own.
order(#end_{socket = Socket}, Fun) ->
    Self = self(),
    Ref = make_ref(),
    spawn_link(fun() -> Self ! {Ref, Fun(Socket)} end),
    Ref.

ask(Actor, Fun) ->
    Ref = make_ref(),
    Actor ! {do, self(), Ref, Fun},
    answer(Ref).

answer(Ref) ->
    receive {Ref, Answer} -> Answer
    after 3 * ?SOON -> throw({differs, hangs})
    end.

mail(Timeout) ->
    receive Message when element(1, Message) =/= do -> Message
    after Timeout -> nothing
    end.
