%% The process of a connection.
%%
%% It drives the handshake (feeds the native half from the transport, writes what that gives, answers its queries by
%% ssl_verdict), serves active mode, watches the owner and the timers, and closes. Send and passive recv pass it by
%% (ssl_stream): after the handshake it sleeps until active mode, options, a control record or the end call for it, and soon hibernates.
%%
%%   accepted --handshake--> handshake --connected--> connection --> closing --> draining --> gone
%%                            |    ^                       \--> downgrade
%%                            v    | handshake_continue
%%                            paused
%%
%% Here are the calls of other processes, the states, and where each event goes. What is done then is said by subject:
%% ssl_endpoint_handshake, _requests (calls of users), _options, _reading (read lock and transport), _delivery (units for the user),
%% _writing, _ending, _events (what the native half gives) and _key_log. Their state is #data{} of ssl_endpoint.hrl.
%%
%% Why gen_statem: the states differ in what they accept, and system messages, hibernation and crash reports come with it.
%% State data hold no secret (those are in the native half); what a crash report shows is reduced by format_status.
-module(ssl_endpoint).
-behaviour(gen_statem).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([connected/2, accepted/1, handshake/2, handshake/3, handshake_continue/3, call/2, cast/2, stop/1]).
-export([recv/3, await/2, notify/2, ended/1, failed/2, invalid_packet/2, kept_options/1]).
-export([init/1, callback_mode/0, handle_event/4, terminate/3, format_status/1]).

-export_type([start/0]).

%% What a connection starts with.
-type start() :: #{socket := term(),
                   info := ssl_transport:info(),
                   conn := ssl_native:conn(),
                   ctx := term(),
                   options := map(),
                   emulated := map(),
                   buffer := pos_integer() | undefined,
                   listener => ssl_listener:key() | undefined,
                   upgrade => true,
                   parsed => ssl_opts:parsed()}.        % only with {handshake, hello}

-include("ssl_endpoint.hrl").

%% Words of heap that a handshake does with, without garbage collections in between. Hibernation makes them less.
-define(HEAP, 987).
%% Milliseconds without anything to do, after which the process hibernates, unless the option hibernate_after says so. Not at
%% once: what follows a handshake at once would have to wake it.
-define(IDLE, 100).

%% Milliseconds for a peer to answer a close_notify when the application stops.
-define(STOP_TIMEOUT, 500).

%%--------------------------------------------------------------------------------------------------------------------
%% Starting
%%--------------------------------------------------------------------------------------------------------------------

%% A client on a connected transport: starts the process and does the handshake.
-spec connected(start(), timeout()) -> {ok, ssl_socket_shape:sslsocket()} | {error, term()}.
connected(Start, Timeout) ->
    case start(client, Start) of
        {ok, Self, Pid} -> handshaken(Self, call(Pid, {handshake, Timeout}));
        {error, _} = Error -> Error
    end.

%% A server on an accepted transport: starts the process, which waits for handshake/2,3.
-spec accepted(start()) -> {ok, ssl_socket_shape:sslsocket()} | {error, term()}.
accepted(Start) ->
    case start(server, Start) of
        {ok, Self, _} -> {ok, Self};
        {error, _} = Error -> Error
    end.

start(Role, #{socket := Socket, info := {Transport, _, _, _, _}, conn := Conn, options := Options} = Start) ->
    SpawnOptions = maps:get(receiver_spawn_opts, Options, []),
    Pid = proc_lib:spawn_opt(?MODULE, init, [{Role, self(), Start}], [{min_heap_size, ?HEAP} | SpawnOptions -- [link, monitor]]),
    Self = ssl_socket_shape:connection(Role, Transport, Socket, Pid, Conn),
    Given = case Start of
                #{upgrade := true} -> Transport:controlling_process(Socket, Pid);
                #{} -> ssl_transport:give(Transport, Socket, Pid)
            end,
    case Given of
        ok ->
            {ok, Self, Pid};
        {error, _} = Error ->
            exit(Pid, kill),
            %% A socket that was the user's before stays so.
            maps:is_key(upgrade, Start) orelse ssl_transport:close(Transport, Socket),
            Error
    end.

%% The handshake of an accepted connection, with the listener's options or others.
-spec handshake(ssl_socket_shape:sslsocket(), timeout()) -> {ok, ssl_socket_shape:sslsocket()} | {error, term()}.
handshake(Self, Timeout) ->
    {connection, Pid, _, _, _} = ssl_socket_shape:parse(Self),
    handshaken(Self, call(Pid, {handshake, Timeout})).

-spec handshake(ssl_socket_shape:sslsocket(), [term()], timeout()) ->
          {ok, ssl_socket_shape:sslsocket()} | {ok, ssl:protocol_extensions()} | {error, term()}.
handshake(Self, Options, Timeout) ->
    {connection, Pid, _, _, _} = ssl_socket_shape:parse(Self),
    case call(Pid, listener) of
        {ok, Key} ->
            case ssl_listener:parsed(Key) of
                undefined -> {error, closed};
                Parsed -> handshake(Self, Pid, Options, Parsed, Timeout)
            end;
        {error, _} = Error ->
            Error
    end.

handshake(Self, Pid, Options, Parsed, Timeout) ->
    case ssl_opts:handshake(Options, Parsed) of
        {ok, #{ssl := Ssl} = New} ->
            case ssl_material:config(server, Ssl) of
                {ok, Config, Ctx} ->
                    case call(Pid, {handshake, Config, Ctx, kept_options(New), to_continue(New), Timeout}) of
                        %% As OTP 29 does it, and its suite wants it: without the socket.
                        {paused, Extensions} -> {ok, Extensions};
                        Result -> handshaken(Self, Result)
                    end;
                {error, _} = Error ->
                    _ = call(Pid, abandon),
                    Error
            end;
        {error, _} = Error ->
            _ = call(Pid, abandon),
            %% As OTP 29 gives them back from here, and from here only.
            {error, Error}
    end.

%% The options that handshake_continue builds on; only then they are kept.
to_continue(#{ssl := #{handshake := hello}} = Parsed) -> Parsed;
to_continue(_) -> undefined.

%% After the pause that {handshake, hello} made, with further options.
-spec handshake_continue(ssl_socket_shape:sslsocket(), [term()], timeout()) ->
          {ok, ssl_socket_shape:sslsocket()} | {error, term()}.
handshake_continue(Self, Options, Timeout) ->
    {connection, Pid, _, _, _} = ssl_socket_shape:parse(Self),
    case call(Pid, paused) of
        {ok, Role, Parsed} ->
            case continued(Role, Options, Parsed) of
                {ok, Config, Ctx, Kept} -> handshaken(Self, call(Pid, {continue, Config, Ctx, Kept, Timeout}));
                {error, _} = Error ->
                    _ = call(Pid, refuse),
                    Error
            end;
        {error, _} = Error ->
            Error
    end.

continued(Role, Options, #{ssl := Old} = Parsed) ->
    case ssl_opts:continue(Role, Options, Parsed) of
        {ok, #{ssl := Ssl} = New} ->
            case ssl_material:config(Role, ssl_material:renamed(Old, Ssl)) of
                {ok, Config, Ctx} -> {ok, Config, Ctx, kept_options(New)};
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

handshaken(Self, connected) -> {ok, Self};
handshaken(Self, {paused, Extensions}) -> {ok, Self, Extensions};
handshaken(_, {error, _} = Error) -> Error.

%% The options that a connection needs to keep; few, for their memory is paid by every connection.
-spec kept_options(ssl_opts:parsed()) -> map().
kept_options(#{ssl := Ssl} = Parsed) ->
    maps:merge(maps:with([log_level, versions, keep_secrets, hibernate_after, receiver_spawn_opts, handshake], Ssl),
               maps:with([given], Parsed)).

%%--------------------------------------------------------------------------------------------------------------------
%% Calls
%%--------------------------------------------------------------------------------------------------------------------

%% A request; {error, closed} when the connection is gone.
-spec call(pid(), term()) -> term().
call(Pid, Request) ->
    try gen_statem:call(Pid, Request)
    catch
        exit:{noproc, _} -> {error, closed};
        exit:{normal, _} -> {error, closed};
        exit:{shutdown, _} -> {error, closed};
        exit:{{shutdown, _}, _} -> {error, closed};
        exit:{killed, _} -> {error, closed};
        %% A fault of ours. What was asked for holds options, that is keys and passwords: it goes into no report of the caller's end.
        exit:{Reason, {gen_statem, call, _}} -> exit({Reason, {?MODULE, call, [Pid, '...']}})
    end.

-spec cast(pid(), term()) -> ok.
cast(Pid, Request) -> gen_statem:cast(Pid, Request).

%% The application stops.
-spec stop(pid()) -> ok.
stop(Pid) -> cast(Pid, stop).

%% recv while the process has the read lock: `retry` when it gave it back.
-spec recv(pid(), non_neg_integer(), timeout()) -> retry | {ok, term()} | {error, term()}.
recv(Pid, Length, Timeout) -> call(Pid, {recv, Length, Timeout}).

%% Waits until the handshake is over.
-spec await(pid(), timeout()) -> ok | {error, term()}.
await(Pid, infinity) ->
    call(Pid, await);
await(Pid, Timeout) ->
    try gen_statem:call(Pid, await, Timeout)
    catch
        exit:{timeout, _} -> {error, timeout};
        exit:_ -> {error, closed}
    end.

%% What a reader or writer outside came across.
-spec notify(pid(), {notes, [ssl_native:note()]} | {write_failed, term()}) -> ok.
notify(Pid, What) -> cast(Pid, What).

%% A reader came to the end of the stream. A call, so that what the reader tries next finds the connection closed.
-spec ended(pid()) -> {error, closed}.
ended(Pid) -> call(Pid, ended).

%% A reader got the alert that ended the connection.
-spec failed(pid(), ssl_native:fatal()) -> {error, term()}.
failed(Pid, Fatal) -> call(Pid, {failed, Fatal}).

%% A reader found a packet that is larger than allowed.
-spec invalid_packet(pid(), binary()) -> {error, term()}.
invalid_packet(Pid, Bytes) -> call(Pid, {invalid_packet, Bytes}).

%%--------------------------------------------------------------------------------------------------------------------
%% gen_statem
%%--------------------------------------------------------------------------------------------------------------------

-spec callback_mode() -> gen_statem:callback_mode_result().
callback_mode() -> handle_event_function.

-spec init({client | server, pid(), start()}) -> no_return().
init({Role, Owner, #{socket := Socket, info := {Transport, Data, Closed, Error, Passive}, conn := Conn, ctx := Ctx,
                     options := Options, emulated := Emulated, buffer := Buffer} = Start}) ->
    process_flag(trap_exit, true),
    group_leader(ssl_takeover:leader(), self()),
    Monitor = erlang:monitor(process, Owner),
    ok = ssl_native:set_endpoint(Conn, self()),
    #{active := Active, mode := Mode, packet := Packet, packet_size := PacketSize, header := Header} = Emulated,
    S = #data{role = Role, conn = Conn, transport = Transport, socket = Socket, tags = {Data, Closed, Error, Passive},
              self = ssl_socket_shape:connection(Role, Transport, Socket, self(), Conn),
              owner = {Monitor, Owner}, options = maps:merge(Options, maps:with([high_watermark, low_watermark], Emulated)),
              active = case Active of N when is_integer(N), N =< 0 -> false; _ -> Active end, mode = Mode, packet = Packet,
              packet_size = PacketSize, header = Header, buffer = Buffer,
              hs = #hs{ctx = Ctx, parsed = maps:get(parsed, Start, undefined)}, listener = maps:get(listener, Start, undefined)},
    ssl_endpoint_delivery:framing(S),
    ok = ssl_endpoint_events:debug(S),
    gen_statem:enter_loop(?MODULE, hibernation(Options), accepted, S).

hibernation(#{hibernate_after := Time}) when is_integer(Time) -> [{hibernate_after, Time}];
hibernation(_) -> [{hibernate_after, ?IDLE}].

-spec handle_event(gen_statem:event_type(), term(), atom(), #data{}) -> gen_statem:event_handler_result(atom()).
handle_event(Type, Content, State, S) ->
    try event(Type, Content, State, S)
    catch
        %% A fault of ours. What it was called with holds what is secret, and goes into crash reports and callers' exits.
        error:Reason:Stack -> erlang:raise(error, ssl_fault:reason(Reason), ssl_fault:stack(Stack))
    end.

%% accepted
event({call, From}, {handshake, Timeout}, accepted, S) ->
    ssl_endpoint_handshake:begin_handshake(From, Timeout, S);
event({call, From}, {handshake, Config, Ctx, Options, Parsed, Timeout}, accepted, #data{conn = Conn, hs = Hs} = S) ->
    case ssl_native:use_config(Conn, Config) of
        ok ->
            New = S#data{options = Options, hs = Hs#hs{ctx = Ctx, parsed = Parsed}},
            ok = ssl_endpoint_events:debug(New),
            ssl_endpoint_handshake:begin_handshake(From, Timeout, New);
        {error, _} -> {keep_state_and_data, [{reply, From, {error, closed}}]}
    end;
event({call, From}, listener, accepted, #data{listener = Key}) ->
    {keep_state_and_data, [{reply, From, case Key of undefined -> {error, einval}; _ -> {ok, Key} end}]};
event({call, From}, abandon, accepted, S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, ok}], S};
%% paused
event({call, From}, paused, paused, #data{role = Role, hs = #hs{parsed = Parsed}, listener = Key}) ->
    Found = case Parsed of
                undefined when Key =/= undefined -> ssl_listener:parsed(Key);
                _ -> Parsed
            end,
    {keep_state_and_data, [{reply, From, case Found of undefined -> {error, closed}; _ -> {ok, Role, Found} end}]};
event({call, From}, {continue, Config, Ctx, Options, Timeout}, paused, S) ->
    ssl_endpoint_handshake:continue_handshake(From, Config, Ctx, Options, Timeout, S);
event({call, From}, refuse, paused, S) ->
    %% Wrong options for handshake_continue.
    gen_statem:reply(From, ok),
    ssl_endpoint_handshake:refuse(S);
event({call, From}, cancel, State, S) when State =:= paused; State =:= handshake ->
    gen_statem:reply(From, ok),
    ssl_endpoint_handshake:canceled(State, ssl_endpoint_handshake:reply({error, closed}, S));
%% Before the handshake there is little else to be asked for.
event({call, From}, Request, accepted, _)
  when is_atom(Request) orelse element(1, Request) =/= new_user andalso element(1, Request) =/= close ->
    {keep_state_and_data, [{reply, From, {error, notsup_on_transport_accept_socket}}]};
%% handshake
event({timeout, handshake}, give_up, handshake, S) ->
    ssl_endpoint_handshake:cancel(ssl_endpoint_handshake:reply({error, timeout}, S));
event({call, _}, Request, State, _) when State =:= handshake orelse State =:= paused,
                                                Request =:= await orelse Request =:= peer_certificate orelse
                                                Request =:= negotiated_protocol orelse Request =:= information orelse
                                                element(1, Request) =:= export orelse element(1, Request) =:= recv ->
    {keep_state_and_data, [postpone]};
%% All states in which there is still something to say
event({call, From}, Request, State, S) when State =/= closing, State =/= draining ->
    ssl_endpoint_requests:request(Request, From, State, S);
event({call, From}, Request, _, S) ->
    ssl_endpoint_requests:closed_request(Request, From, S);
event(cast, Request, State, S) ->
    handle_cast(Request, State, S);
event(info, Message, State, S) ->
    message(Message, State, S);
event({timeout, recv}, give_up, connection, #data{want = {From, _}} = S) ->
    {keep_state, S#data{want = undefined}, [{reply, From, {error, timeout}}]};
event(state_timeout, expired, downgrade, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, {error, timeout}}], S};
event(state_timeout, expired, closing, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, ssl_endpoint_ending:replies(From, ok), S};
event(state_timeout, expired, draining, S) ->
    {stop, ssl_endpoint_ending:exit_reason(S), S};
event({timeout, _}, _, _, _) ->
    keep_state_and_data.

%% Closes the transport, unless it was given back (downgrade).
-spec terminate(term(), atom(), #data{}) -> ok.
terminate({shutdown, downgrade}, _, _) ->
    ok;
terminate(_, _, #data{transport = Transport, socket = Socket, conn = Conn, writer = Writer}) ->
    is_pid(Writer) andalso exit(Writer, kill),
    %% Not outs: nobody is left to tell.
    _ = ssl_native:close_transport(Conn, closed),
    ssl_endpoint_ending:mark_closed(Conn),
    ssl_transport:kill(Transport, Socket).

-spec format_status(gen_statem:format_status()) -> gen_statem:format_status().
format_status(Status) ->
    maps:map(fun(data, #data{} = S) -> shown(S);
                (queue, Queue) -> [{Type, '...'} || {Type, _} <- Queue];
                (_, Value) -> Value
             end, Status).

%% Nothing of what the peer sent or the user chose to keep secret.
shown(S) ->
    S#data{cooked = no, out = [], hs = undefined, ctx = undefined, session = undefined, key_log = [], options = #{},
           want = undefined}.

%%--------------------------------------------------------------------------------------------------------------------
%% Messages
%%--------------------------------------------------------------------------------------------------------------------

message({Tag, Socket, Bytes}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) when is_binary(Bytes) ->
    received(Bytes, State, S);
message({Tag, Socket, Bytes}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) when is_list(Bytes) ->
    received(iolist_to_binary(Bytes), State, S);
message({Tag, Socket}, State, #data{socket = Socket, tags = {_, Tag, _, _}} = S) ->
    ssl_endpoint_ending:transport_ended(closed, State, S#data{armed = no});
message({Tag, Socket}, State, #data{socket = Socket, tags = {_, _, _, Tag}} = S) ->
    rearm(State, S#data{armed = no});
message({Tag, Socket, _Reason}, State, #data{socket = Socket, tags = {_, _, Tag, _}} = S) ->
    %% The transport says "closed" after this.
    {keep_state, case State of connection -> S; _ -> S#data{drained = ?DRAIN_LIMIT} end};
message({Tag, Socket, select, _}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    %% tls_socket_tcp: something came, to be fetched.
    rearm(State, disarmed_once(S));
message({Tag, Socket, completion, {_, {ok, Bytes}}}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    received(Bytes, State, S);
message({Tag, Socket, completion, _}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    ssl_endpoint_ending:transport_ended(closed, State, S#data{armed = no});
message({Tag, Socket, abort, _}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    ssl_endpoint_ending:transport_ended(closed, State, S#data{armed = no});
message({ssl_native, Ref, go}, State, #data{lock = Ref} = S) ->
    case State of
        connection when S#data.ahead =:= wanted ->
            ssl_endpoint_reading:settle(ssl_endpoint_reading:read_ahead(S#data{lock = held, ahead = no}), []);
        %% It may also say that the connection was given up: come and see.
        connection -> ssl_endpoint_reading:settle(ssl_endpoint_reading:lock(S#data{lock = none}), []);
        _ -> {keep_state, ssl_endpoint_reading:lock(S#data{lock = none})}
    end;
message({ssl_native, _Ref, go}, closing, S) ->
    %% Our turn to write.
    ssl_endpoint_ending:say_goodbye(S);
message({ssl_native, key_log, Label, Random, Secret}, State, S) when State =:= connection; State =:= handshake ->
    %% New keys of the sending side, which changed in another process.
    {keep_state, ssl_endpoint_events:happened({key_log, Label, Random, Secret}, S)};
message({ssl_native, trace, Items}, _, _) ->
    lists:foreach(fun ssl_log:trace/1, Items),
    keep_state_and_data;
message({ssl_native, holder_down, _}, State, #data{transport = Transport, socket = Socket} = S)
  when State =:= connection; State =:= downgrade ->
    %% Whoever waits for the transport would wait for nothing.
    _ = ssl_transport:shutdown(Transport, Socket, read),
    ssl_endpoint_ending:transport_ended(closed, State, S);
message(listen_again, State, S0) ->
    S = S0#data{again = false},
    case State of
        connection -> ssl_endpoint_reading:settle(ssl_endpoint_reading:read_ahead(S), [hibernate]);
        _ -> {keep_state, S}
    end;
message(write_again, State, S) ->
    ssl_endpoint_ending:written(State, ssl_endpoint_writing:write_out(S));
message({'EXIT', Writer, Reason}, State, #data{writer = Writer} = S) when is_pid(Writer) ->
    case Reason of
        {wrote, ok} -> ssl_endpoint_ending:written(State, ssl_endpoint_writing:write_out(S#data{writer = undefined}));
        _ -> ssl_endpoint_ending:transport_ended(closed, State, S#data{writer = undefined, out = []})
    end;
message({'DOWN', Ref, process, _, _}, State, #data{owner = {Ref, _}} = S) ->
    owner_down(State, S);
message({'EXIT', Socket, _}, State, #data{socket = Socket} = S) ->
    ssl_endpoint_ending:transport_ended(closed, State, S);
message({'EXIT', _, shutdown}, State, S) ->
    handle_cast(stop, State, S);
message(_, _, _) ->
    keep_state_and_data.

received(Bytes, handshake, #data{conn = Conn} = S) ->
    ssl_endpoint_handshake:progress(ssl_endpoint_events:outs(ssl_native:feed(Conn, Bytes), disarmed_once(S)));
received(Bytes, connection, #data{ended = closed, behind = Behind} = S) ->
    {keep_state, disarmed_once(S#data{behind = [Behind, Bytes]})};
received(Bytes, State, #data{conn = Conn} = S) when State =:= connection; State =:= downgrade ->
    S1 = ssl_endpoint_events:outs(ssl_native:feed(Conn, Bytes), disarmed_once(S)),
    case State of
        connection -> ssl_endpoint_reading:settle(S1, []);
        downgrade -> ssl_endpoint_ending:downgraded(S1)
    end;
received(Bytes, State, #data{hs = #hs{early = Early} = Hs} = S) when State =:= accepted; State =:= paused ->
    %% A socket that was active before it became ours (upgrade): controlling_process passes on what its owner had got.
    {keep_state, disarmed_once(S#data{hs = Hs#hs{early = [Early, Bytes]}})};
received(Bytes, draining, #data{drained = Drained} = S) ->
    case Drained + iolist_size(Bytes) of
        Sum when Sum > ?DRAIN_LIMIT -> {stop, ssl_endpoint_ending:exit_reason(S), S};
        Sum -> {keep_state, ssl_endpoint_reading:arm(many, disarmed_once(S#data{drained = Sum}))}
    end;
received(_, _, S) ->
    {keep_state, disarmed_once(S)}.

disarmed_once(#data{armed = once} = S) -> S#data{armed = no};
disarmed_once(S) -> S.

rearm(connection, S) -> ssl_endpoint_reading:settle(S, []);
rearm(draining, S) -> {keep_state, ssl_endpoint_reading:arm(many, S)};
rearm(handshake, S) -> {keep_state, ssl_endpoint_reading:arm(handshake, S)};
rearm(downgrade, S) -> {keep_state, ssl_endpoint_reading:arm(once, S)};
rearm(_, S) -> {keep_state, S}.

owner_down(State, S) when State =:= accepted; State =:= handshake; State =:= paused ->
    ssl_endpoint_handshake:cancel(S#data{hs = undefined});
owner_down(connection, S) ->
    ssl_endpoint_ending:close(undefined, ?CLOSE_TIMEOUT, S);
owner_down(downgrade, S) ->
    {stop, ssl_endpoint_ending:exit_reason(S), S};
owner_down(_, _) ->
    keep_state_and_data.

handle_cast(stop, connection, S) ->
    ssl_endpoint_ending:close(undefined, ?STOP_TIMEOUT, S);
handle_cast(stop, State, S) when State =:= handshake; State =:= paused ->
    ssl_endpoint_handshake:cancel(ssl_endpoint_handshake:reply({error, closed}, S));
handle_cast(stop, _, S) ->
    {stop, ssl_endpoint_ending:exit_reason(S), S};
handle_cast({notes, Notes}, connection, S) ->
    ssl_endpoint_reading:settle(ssl_endpoint_events:outs(Notes, S), []);
handle_cast({write_failed, _}, connection, #data{active = false} = _S) ->
    %% What the peer sent can still be read; then the reader finds the end.
    keep_state_and_data;
handle_cast({write_failed, _}, connection, S) ->
    ssl_endpoint_reading:settle(S, []);
handle_cast(_, _, _) ->
    keep_state_and_data.
