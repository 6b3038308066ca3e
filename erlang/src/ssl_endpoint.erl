%% The process of a connection.
%%
%% It drives the handshake (feeds the native half from the transport, writes what that gives, answers its queries by
%% ssl_verdict), serves active mode, watches the owner and the timers, and closes. Send and passive recv pass it by
%% (ssl_stream): after the handshake it hibernates until active mode, options, a control record or the end call for it.
%%
%%   accepted --handshake--> handshake --connected--> connection --> closing --> draining --> gone
%%                            |    ^                       \--> downgrade
%%                            v    | handshake_continue
%%                            paused
%%
%% closing: waits for its turn to write close_notify. draining: everything is said; the write side of the transport is shut
%% down, and what still comes is dropped, so that the peer reads our alert before a reset could overtake it - until it closes
%% too, or a time-out.
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

%% Reads of the transport that may be under way before it waits for us (unless internal_active_n, a parameter of the application,
%% says so), in active mode of any kind: with `once` what comes
%% early waits in the native half, and most messages cost no call of the transport.
-define(READ_AHEAD, 16).
%% Milliseconds for a peer to read our alert and close (environment variable alert_timeout), and to answer a close_notify.
-define(ALERT_TIMEOUT, 5000).
-define(CLOSE_TIMEOUT, 5000).
%% The same while a process waits in recv, and when the application stops.
-define(READER_TIMEOUT, 100).
-define(STOP_TIMEOUT, 500).
%% What a peer may still send after the end before we cut it off: as much as a window that was open.
-define(DRAIN_LIMIT, 4194304).
%% Milliseconds between two looks at a transport that does not take our data.
-define(RETRY, 20).
-define(PROTOCOL, "TLS").

-define(TLS13, 16#0304).
-define(CLOSE_NOTIFY, 0).
-define(NO_RENEGOTIATION, 100).
-define(INTERNAL_ERROR, 80).
-define(USER_CANCELED, 90).

%% Needed until the handshake is over.
-record(hs, {from :: gen_statem:from() | undefined,      % who called handshake/2
             ctx :: term(),                              % of ssl_verdict
             parsed :: ssl_opts:parsed() | undefined,    % the options, when they may be continued
             done = false :: boolean(),                  % over, but for output that the transport has not taken
             paused = no :: no | ssl_native:query() | done,  % {handshake, hello}
             early = [] :: iodata(),                     % came before we were asked for the handshake
             random = <<>> :: binary(),                  % the client's, for the key log
             key_log = [] :: [string()]}).               % lines so far, last first

-record(data, {role :: client | server,
               conn :: ssl_native:conn(),
               transport :: module(),
               socket :: term(),
               tags :: {atom(), atom(), atom(), atom()}, % data, closed, error, passive
               self :: ssl_socket_shape:sslsocket(),
               owner :: {reference(), pid()},
               options :: map(),
               %% options that the library keeps
               active :: boolean() | once | pos_integer(),
               mode :: list | binary,
               packet :: term(),
               packet_size = 0 :: non_neg_integer(),
               header = 0 :: non_neg_integer(),
               buffer :: pos_integer() | undefined,      % what getopts says instead of our size
               %% reading
               lock = none :: none | held | reference(), % the read lock; a reference: waiting for it
               armed = no :: no | once | many,           % what the transport will send us
               ahead = no :: no | wanted | yes | enough, % do we read for callers of recv?
               cooked = no :: no | binary(),             % plaintext that is cut here and not by the native half
               want :: undefined | {gen_statem:from(), non_neg_integer()},
               ended :: undefined | closed | {fatal, map()},
               fresh = false :: boolean(),               % client: nothing read since the handshake
               %% writing
               out = [] :: iodata(),                     % waits for the transport to take data again
               writer :: undefined | pid(),              % process that writes for us
               unlock = false :: boolean(),              % the write lock is ours until `out` is written
               ending :: undefined | {gen_statem:from() | undefined, timeout()}
                       | {shutdown, gen_statem:from(), write | read_write},
               drained = 0 :: non_neg_integer(),
               shut = false :: boolean(),                % nothing more may be sent
               exporter = true :: boolean(),
               key_log = [] :: [string()],
               %% before TLS 1.3: a handshake may follow the first one
               ctx :: undefined | ssl_material:context(),
               %% internal: senders wait for new keys
               renegotiation = no :: no | gen_statem:from() | {internal, [gen_statem:from()]},
               session :: undefined | ssl_sessions:event(),  % new, until its handshake is over
               hs :: #hs{} | undefined,
               listener :: ssl_listener:key() | undefined}).

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
    Pid = proc_lib:spawn_opt(?MODULE, init, [{Role, self(), Start}], SpawnOptions -- [link, monitor]),
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
        exit:{killed, _} -> {error, closed}
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
              active = case Active of N when is_integer(N), N =< 0 -> false; _ -> Active end, mode = Mode, packet = Packet, packet_size = PacketSize, header = Header, buffer = Buffer,
              hs = #hs{ctx = Ctx, parsed = maps:get(parsed, Start, undefined)}, listener = maps:get(listener, Start, undefined)},
    framing(S),
    ok = debug(S),
    gen_statem:enter_loop(?MODULE, hibernation(Options), accepted, S).

%% With log_level at debug the native half gives messages and records out.
debug(#data{conn = Conn, options = Options}) ->
    ssl_log:allows(maps:get(log_level, Options, notice), debug) andalso ssl_native:trace(Conn, true),
    ok.

hibernation(#{hibernate_after := Time}) when is_integer(Time) -> [{hibernate_after, Time}];
hibernation(_) -> [].

-spec handle_event(gen_statem:event_type(), term(), atom(), #data{}) -> gen_statem:event_handler_result(atom()).
handle_event(Type, Content, State, S) ->
    try event(Type, Content, State, S)
    catch
        %% A fault of ours. What it was called with holds what is secret, and goes into crash reports and callers' exits.
        error:Reason:Stack -> erlang:raise(error, ssl_fault:reason(Reason), ssl_fault:stack(Stack))
    end.

%% accepted
event({call, From}, {handshake, Timeout}, accepted, S) ->
    begin_handshake(From, Timeout, S);
event({call, From}, {handshake, Config, Ctx, Options, Parsed, Timeout}, accepted, #data{conn = Conn, hs = Hs} = S) ->
    case ssl_native:use_config(Conn, Config) of
        ok ->
            New = S#data{options = Options, hs = Hs#hs{ctx = Ctx, parsed = Parsed}},
            ok = debug(New),
            begin_handshake(From, Timeout, New);
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
    continue_handshake(From, Config, Ctx, Options, Timeout, S);
event({call, From}, refuse, paused, S) ->
    %% Wrong options for handshake_continue.
    gen_statem:reply(From, ok),
    refuse(S);
event({call, From}, cancel, State, S) when State =:= paused; State =:= handshake ->
    gen_statem:reply(From, ok),
    canceled(State, hs_reply({error, closed}, S));
%% Before the handshake there is little else to be asked for.
event({call, From}, Request, accepted, _)
  when is_atom(Request) orelse element(1, Request) =/= new_user andalso element(1, Request) =/= close ->
    {keep_state_and_data, [{reply, From, {error, notsup_on_transport_accept_socket}}]};
%% handshake
event({timeout, handshake}, give_up, handshake, S) ->
    cancel(hs_reply({error, timeout}, S));
event({call, _}, Request, State, _) when State =:= handshake orelse State =:= paused,
                                                Request =:= await orelse Request =:= peer_certificate orelse
                                                Request =:= negotiated_protocol orelse Request =:= information orelse
                                                element(1, Request) =:= export orelse element(1, Request) =:= recv ->
    {keep_state_and_data, [postpone]};
%% All states in which there is still something to say
event({call, From}, Request, State, S) when State =/= closing, State =/= draining ->
    request(Request, From, State, S);
event({call, From}, Request, _, S) ->
    closed_request(Request, From, S);
event(cast, Request, State, S) ->
    handle_cast(Request, State, S);
event(info, Message, State, S) ->
    message(Message, State, S);
event({timeout, recv}, give_up, connection, #data{want = {From, _}} = S) ->
    {keep_state, S#data{want = undefined}, [{reply, From, {error, timeout}}]};
event(state_timeout, expired, downgrade, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, {error, timeout}}], S};
event(state_timeout, expired, closing, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, replies(From, ok), S};
event(state_timeout, expired, draining, S) ->
    {stop, exit_reason(S), S};
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
    mark_closed(Conn),
    ssl_transport:kill(Transport, Socket).

-spec format_status(gen_statem:format_status()) -> gen_statem:format_status().
format_status(Status) ->
    maps:map(fun(data, #data{} = S) -> shown(S);
                (queue, Queue) -> [{Type, '...'} || {Type, _} <- Queue];
                (_, Value) -> Value
             end, Status).

%% Nothing of what the peer sent or the user chose to keep secret.
shown(S) ->
    S#data{cooked = no, out = [], hs = undefined, ctx = undefined, session = undefined, key_log = [], options = #{}, want = undefined}.

%%--------------------------------------------------------------------------------------------------------------------
%% Handshake
%%--------------------------------------------------------------------------------------------------------------------

begin_handshake(From, Timeout, #data{conn = Conn, hs = #hs{early = Early} = Hs} = S0) ->
    S = outs(ssl_native:start(Conn), S0#data{hs = Hs#hs{from = From, early = []}}),
    hs_started(case Early of
                   [] -> S;
                   _ when S#data.ended =/= undefined -> S;
                   _ -> outs(ssl_native:feed(Conn, Early), S)
               end, Timeout).

hs_started(S, Timeout) ->
    case {hs_progress(S), Timeout} of
        {{next_state, handshake, _} = Next, infinity} -> Next;
        {{next_state, handshake, S1}, _} -> {next_state, handshake, S1, [{{timeout, handshake}, Timeout, give_up}]};
        {Next, _} -> Next
    end.

%% {handshake, hello}: the caller looks at the peer's hello and continues, with the options of then.
continue_handshake(From, Config, Ctx, Options, Timeout, #data{conn = Conn, hs = #hs{paused = Query} = Hs} = S) ->
    {Answer, NewCtx} = case ssl_verdict:answer(Query, ssl_material:same_name(Hs#hs.ctx, Ctx)) of
                           {continue, Ctx1} -> {{use_config, Config}, Ctx1};
                           Decided -> Decided
                       end,
    New = by_name(Query, NewCtx, S#data{options = Options}),
    ok = debug(New),
    hs_started(outs(ssl_native:answer(Conn, Answer),
                    New#data{hs = Hs#hs{from = From, ctx = NewCtx, parsed = undefined, paused = done}}),
               Timeout).

%% After something happened in the handshake.
hs_progress(#data{hs = #hs{done = true}, out = [], writer = undefined} = S) ->
    %% The handshake is over, and our part of it with the transport: the user may write. What it left behind goes; then idle.
    settle(listen_to_peer(hs_done(S)), [{{timeout, handshake}, cancel}, hibernate]);
hs_progress(#data{hs = #hs{done = true}} = S) ->
    {next_state, handshake, S};
hs_progress(#data{ended = {fatal, Fatal}} = S) ->
    failed_handshake(Fatal, S);
hs_progress(#data{ended = closed} = S) ->
    drain(?CLOSE_TIMEOUT, hs_reply({error, closed}, S));
hs_progress(#data{options = #{versions := Versions}, hs = #hs{paused = {_, _} = Hello, from = From} = Hs} = S) ->
    gen_statem:reply(From, {paused, ssl_facts:hello(Hello, Versions)}),
    {next_state, paused, S#data{hs = Hs#hs{from = undefined}}, [{{timeout, handshake}, cancel}]};
hs_progress(S) ->
    {next_state, handshake, arm(once, S)}.

failed_handshake(#{alert := ?CLOSE_NOTIFY}, S) ->
    drain(?CLOSE_TIMEOUT, hs_reply({error, closed}, S));
failed_handshake(Fatal, #data{role = Role, options = Options, hs = Hs} = S) ->
    Reason = ssl_alert_text:reason(Role, Fatal, ?PROTOCOL),
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    hs_key_log(Role, Hs, Options),
    end_session(S),
    drain(alert_timeout(), hs_reply({error, Reason}, S)).

%% The options that a paused handshake was to go on with are wrong.
refuse(#data{role = Role, conn = Conn, options = Options} = S) ->
    Fatal = #{origin => local, alert => ?INTERNAL_ERROR, state => user_hello, cause => <<"options of handshake_continue">>},
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    S1 = hs_say({alert, ?INTERNAL_ERROR}, S),
    _ = ssl_native:close_transport(Conn, closed),
    drain(alert_timeout(), S1).

%% ssl:handshake_cancel/1: a fatal user_canceled, and nothing else.
canceled(State, #data{role = Role, conn = Conn, options = Options} = S) ->
    Name = case State of paused -> user_hello; _ -> ssl_native:state(Conn) end,
    Fatal = #{origin => local, alert => ?USER_CANCELED, state => Name, cause => <<>>},
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    S1 = hs_say(cancel, S),
    _ = ssl_native:close_transport(Conn, closed),
    drain(?CLOSE_TIMEOUT, S1).

%% The user gave up, or died: user_canceled and close_notify (RFC 8446 section 6.1).
cancel(#data{conn = Conn} = S) ->
    S1 = hs_say(close_notify, hs_say({alert, ?USER_CANCELED}, S)),
    _ = ssl_native:close_transport(Conn, closed),
    drain(?CLOSE_TIMEOUT, S1).

%% During the handshake nobody else writes: the lock need not wait for the transport.
hs_say(What, #data{conn = Conn} = S) ->
    case ssl_native:control(Conn, What) of
        {ok, Bytes} -> write([Bytes | hs_rest(ssl_native:send_end(Conn), Conn)], S);
        _ -> S
    end.

hs_rest(ok, _) -> [];
hs_rest({flush, Bytes}, Conn) -> [Bytes | hs_rest(ssl_native:send_end(Conn), Conn)].

hs_done(#data{role = Role, packet = Packet, cooked = Cooked} = S0) ->
    S = hs_reply(connected, connected_key_log(S0)),
    case Cooked =/= no orelse native_packet(Packet) of
        true -> S#data{fresh = Role =:= client};
        false -> take_over_cutting(<<>>, S#data{fresh = Role =:= client})
    end.

hs_reply(Reply, #data{hs = #hs{from = From}} = S) ->
    From =/= undefined andalso gen_statem:reply(From, Reply),
    S#data{hs = undefined};
hs_reply(_, S) ->
    S.

alert_timeout() ->
    case application:get_env(ssl, alert_timeout) of
        {ok, Time} when is_integer(Time), Time >= 0 -> Time;
        _ -> ?ALERT_TIMEOUT
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% What the native half gives
%%--------------------------------------------------------------------------------------------------------------------

outs([], S) ->
    S;
outs([{data, Data} | Rest], S) ->
    outs(Rest, data(Data, S));
outs([{send, Bytes} | Rest], S) ->
    outs(Rest, write(Bytes, S));
outs([{event, Event} | Rest], S) ->
    outs(Rest, event(Event, S));
outs([flush | Rest], S) ->
    outs(Rest, flush(S));
outs([ahead | Rest], S) ->
    outs(Rest, read_ahead(S));
outs([bulk | Rest], S) ->
    outs(Rest, case S#data.ahead of yes -> S#data{ahead = enough}; _ -> S end);
outs([heavy], #data{conn = Conn} = S) ->
    outs(ssl_native:step_heavy(Conn), S);
outs([{ask, {Hello, _} = Query}], #data{options = #{handshake := hello}, hs = #hs{paused = no} = Hs} = S)
  when Hello =:= client_hello; Hello =:= server_hello ->
    S#data{hs = Hs#hs{paused = Query}};
outs([{ask, Query}], #data{conn = Conn} = S) ->
    {Answer, NewCtx} = ssl_verdict:answer(Query, ctx(S)),
    outs(ssl_native:answer(Conn, Answer), by_name(Query, NewCtx, set_ctx(NewCtx, S)));
outs([{fatal, _}], #data{ended = closed} = S) ->
    %% What follows a close_notify is of no interest.
    S;
outs([{fatal, Fatal}], S) ->
    S#data{ended = {fatal, detailed(Fatal, S)}}.

%% Options that came by the client's server name hold for the connection.
by_name({client_hello, _}, Ctx, #data{options = Old} = S) ->
    case ssl_verdict:options(Ctx) of
        undefined ->
            S;
        #{given := {_, _, More}} = Parsed ->
            {Role, Host, Given} = maps:get(given, Old),
            New = S#data{options = maps:merge(Old, (kept_options(Parsed))#{given => {Role, Host, More ++ Given}})},
            ok = debug(New),
            New
    end;
by_name(_, _, S) ->
    S.

%% An alert that a decision of ours led to: with its reason.
detailed(#{origin := local} = Fatal, S) ->
    case ctx(S) of
        undefined ->
            Fatal;
        Ctx ->
            case ssl_verdict:details(Ctx) of
                undefined -> Fatal;
                Reason -> Fatal#{details => Reason}
            end
    end;
detailed(Fatal, _) ->
    Fatal.

%% What queries are answered from: of the handshake, and before TLS 1.3 of those that may follow.
ctx(#data{hs = #hs{ctx = Ctx}}) -> Ctx;
ctx(#data{ctx = Ctx}) -> Ctx.

set_ctx(Ctx, #data{hs = #hs{} = Hs} = S) -> S#data{hs = Hs#hs{ctx = Ctx}};
set_ctx(Ctx, S) -> S#data{ctx = Ctx}.

event({connected, #{version := ?TLS13}}, #data{hs = Hs} = S) ->
    S#data{hs = Hs#hs{done = true}};
event({connected, Info}, #data{hs = #hs{ctx = Ctx} = Hs} = S) ->
    new_session(Info, S#data{hs = Hs#hs{done = true}, ctx = Ctx});
event({session, Session}, S) ->
    S#data{session = Session};
event({renegotiated, Info}, S) ->
    renegotiated(ok, new_session(Info, S));
event({renegotiation, refused}, S) ->
    renegotiated({error, renegotiation_rejected}, S);
event(closed, S) ->
    S#data{ended = closed};
event({trace, _, _, _, _} = Item, S) ->
    ok = ssl_log:trace(Item),
    S;
event({warning, Alert}, #data{role = Role, conn = Conn, options = Options} = S) ->
    Warning = #{origin => peer, level => warning, alert => Alert, state => ssl_native:state(Conn), cause => <<>>},
    ssl_alert_text:log(Role, Warning, ?PROTOCOL, maps:get(log_level, Options, notice)),
    S;
event({key_log, <<"EXPORTER_SECRET">>, _, _}, S) ->
    %% Not among the items that OTP has.
    S;
event({key_log, Label, Random, Secret}, S) ->
    key_log(key_log_line(Label, Random, Secret), Random, S);
event(_, S) ->
    S.

new_session(_, #data{session = undefined} = S) ->
    S;
new_session(Info, #data{session = Session} = S) ->
    #{sessions := Policy} = ctx(S),
    ssl_sessions:created(Policy, Session, case Info of
                                              #{peer_chain := [Leaf | _]} -> Leaf;
                                              _ -> undefined
                                          end),
    S#data{session = undefined}.

renegotiated(_, #data{renegotiation = no} = S) ->
    S;
renegotiated({error, renegotiation_rejected}, #data{renegotiation = {internal, Waiting}} = S) ->
    %% As OTP has it: without new keys nothing more is sent.
    gen_statem:reply([{reply, From, {error, closed}} || From <- Waiting]),
    S#data{renegotiation = no, ended = {fatal, #{origin => peer, alert => ?NO_RENEGOTIATION, state => connection, cause => <<>>}}};
renegotiated(Result, #data{renegotiation = {internal, Waiting}} = S) ->
    gen_statem:reply([{reply, From, Result} || From <- Waiting]),
    S#data{renegotiation = no};
renegotiated(Result, #data{renegotiation = From} = S) ->
    gen_statem:reply(From, Result),
    S#data{renegotiation = no}.

%% The session of a connection that ends with an alert ends, too: the one that was resumed or made, or offered at least.
end_session(#data{conn = Conn} = S) ->
    case ctx(S) of
        #{sessions := #{} = Policy} ->
            Id = case ssl_native:info(Conn) of
                     #{version := Version, session_id := Given} when Version < ?TLS13 -> Given;
                     #{} -> <<>>;
                     undefined -> maps:get(offered, Policy, <<>>)
                 end,
            ssl_sessions:failed(Policy, Id);
        _ ->
            ok
    end.

%% Plaintext that the native half does not keep: for the user, or kept here while nobody wants it.
data(Data, #data{cooked = no, active = Active, hs = Hs} = S) when Active =:= false; Hs =/= undefined ->
    take_over_cutting(Data, S);
data(Data, #data{cooked = no} = S) ->
    deliver(Data, S);
data(Data, #data{cooked = Kept} = S) ->
    S#data{cooked = <<Kept/binary, Data/binary>>}.

%%--------------------------------------------------------------------------------------------------------------------
%% Key log (NSS format)
%%--------------------------------------------------------------------------------------------------------------------

key_log_line(Label, Random, Secret) ->
    binary_to_list(iolist_to_binary([Label, $\s, hex(Random), $\s, hex(Secret)])).

hex(Binary) ->
    [<<(digit(N))>> || <<N:4>> <= Binary].

digit(N) when N < 10 -> $0 + N;
digit(N) -> $A + N - 10.

key_log(Line, Random, #data{hs = #hs{key_log = Lines} = Hs} = S) ->
    S#data{hs = Hs#hs{key_log = [Line | Lines], random = Random}};
key_log(Line, Random, #data{options = #{keep_secrets := {keylog, Fun}}} = S) ->
    call_key_log(Fun, [Line], Random),
    S;
key_log(Line, _, #data{key_log = Lines, options = #{keep_secrets := true}} = S) ->
    %% New keys: those of now, the client's first.
    Other = [L || L <- Lines, is_traffic(L), hd(L) =/= hd(Line)],
    S#data{key_log = lists:sort([Line | Other])};
key_log(_, _, S) ->
    S.

%% CLIENT_TRAFFIC_SECRET_n, SERVER_TRAFFIC_SECRET_n
is_traffic(Line) ->
    lists:prefix("TRAFFIC_SECRET_", tl(lists:dropwhile(fun(C) -> C =/= $_ end, Line))).

%% The callback gets the secrets of the handshake together, then those of the traffic one by one.
connected_key_log(#data{hs = #hs{key_log = Reversed, random = Random}, options = Options} = S) ->
    Lines = lists:reverse(Reversed),
    case Options of
        #{keep_secrets := {keylog, Fun}} ->
            {Traffic, Handshake} = lists:partition(fun is_traffic/1, Lines),
            lists:foreach(fun(Items) -> call_key_log(Fun, Items, Random) end, [Handshake | [[L] || L <- Traffic]]),
            S;
        #{keep_secrets := true} -> S#data{key_log = Lines};
        #{keep_secrets := {keylog_hs, _}} when S#data.role =:= client -> S#data{key_log = Lines};
        _ -> S
    end.

%% keylog_hs: the secrets that were in use when the handshake failed. A client has begun to use those of the traffic when it
%% is connected (failed_key_log), a server uses its own before that.
hs_key_log(Role, #hs{key_log = [_ | _] = Reversed, random = Random}, #{keep_secrets := {keylog_hs, Fun}}) ->
    Unused = case Role of
                 client -> "_TRAFFIC_SECRET_0";
                 server -> "CLIENT_TRAFFIC_SECRET_0"
             end,
    call_key_log(Fun, [Line || Line <- lists:reverse(Reversed), not in_name(Unused, Line)], Random);
hs_key_log(_, _, _) ->
    ok.

in_name(Part, Line) ->
    [Name | _] = string:split(Line, " "),
    lists:suffix(Part, Name).

%% The same for a client whose server refuses the end of the handshake.
failed_key_log(#data{role = client, conn = Conn, key_log = [_ | _] = Lines, options = #{keep_secrets := {keylog_hs, Fun}}}) ->
    case ssl_native:info(Conn) of
        #{client_random := Random} -> call_key_log(Fun, Lines, Random);
        _ -> ok
    end;
failed_key_log(_) ->
    ok.

%% A user's fun; its arguments never reach the log.
call_key_log(Fun, Lines, Random) ->
    try Fun(#{items => Lines, client_random => Random}) of
        _ -> ok
    catch
        Class:Reason ->
            ssl_log:warning("user keylogging fun failed : ~p ~p", [Class, case Reason of function_clause -> Reason; _ -> failed end])
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Messages
%%--------------------------------------------------------------------------------------------------------------------

message({Tag, Socket, Bytes}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) when is_binary(Bytes) ->
    received(Bytes, State, S);
message({Tag, Socket, Bytes}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) when is_list(Bytes) ->
    received(iolist_to_binary(Bytes), State, S);
message({Tag, Socket}, State, #data{socket = Socket, tags = {_, Tag, _, _}} = S) ->
    transport_ended(closed, State, S#data{armed = no});
message({Tag, Socket}, State, #data{socket = Socket, tags = {_, _, _, Tag}} = S) ->
    rearm(State, S#data{armed = no});
message({Tag, Socket, Reason}, State, #data{socket = Socket, tags = {_, _, Tag, _}} = S) ->
    %% The transport says "closed" after this.
    {keep_state, case State of connection -> S; _ -> S#data{drained = ?DRAIN_LIMIT} end, transport_error(Reason)};
message({Tag, Socket, select, _}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    %% tls_socket_tcp: something came, to be fetched.
    rearm(State, disarmed_once(S));
message({Tag, Socket, completion, {_, {ok, Bytes}}}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    received(Bytes, State, S);
message({Tag, Socket, completion, _}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    transport_ended(closed, State, S#data{armed = no});
message({Tag, Socket, abort, _}, State, #data{socket = Socket, tags = {Tag, _, _, _}} = S) ->
    transport_ended(closed, State, S#data{armed = no});
message({ssl_native, Ref, go}, State, #data{lock = Ref} = S) ->
    case State of
        connection when S#data.ahead =:= wanted -> settle(read_ahead(S#data{lock = held, ahead = no}), []);
        connection -> settle(S#data{lock = held}, []);
        _ -> {keep_state, S#data{lock = held}}
    end;
message({ssl_native, _Ref, go}, closing, S) ->
    %% Our turn to write.
    say_goodbye(S);
message({ssl_native, key_log, Label, Random, Secret}, State, S) when State =:= connection; State =:= handshake ->
    %% New keys of the sending side, which changed in another process.
    {keep_state, event({key_log, Label, Random, Secret}, S)};
message({ssl_native, trace, Items}, _, _) ->
    lists:foreach(fun ssl_log:trace/1, Items),
    keep_state_and_data;
message({ssl_native, holder_down, _}, State, S) when State =:= connection; State =:= downgrade ->
    transport_ended(closed, State, S);
message(write_again, State, S) ->
    written(State, write_out(S));
message({'EXIT', Writer, Reason}, State, #data{writer = Writer} = S) when is_pid(Writer) ->
    case Reason of
        {wrote, ok} -> written(State, write_out(S#data{writer = undefined}));
        _ -> transport_ended(closed, State, S#data{writer = undefined, out = []})
    end;
message({'DOWN', Ref, process, _, _}, State, #data{owner = {Ref, _}} = S) ->
    owner_down(State, S);
message({'EXIT', Socket, _}, State, #data{socket = Socket} = S) ->
    transport_ended(closed, State, S);
message({'EXIT', _, shutdown}, State, S) ->
    handle_cast(stop, State, S);
message(_, _, _) ->
    keep_state_and_data.

transport_error(_Reason) -> [].

received(Bytes, handshake, #data{conn = Conn} = S) ->
    hs_progress(outs(ssl_native:feed(Conn, Bytes), disarmed_once(S)));
received(Bytes, State, #data{conn = Conn} = S) when State =:= connection; State =:= downgrade ->
    S1 = outs(ssl_native:feed(Conn, Bytes), disarmed_once(S#data{fresh = false})),
    case State of
        connection -> settle(S1, []);
        downgrade -> downgraded(S1)
    end;
received(Bytes, accepted, #data{hs = #hs{early = Early} = Hs} = S) ->
    %% A socket that was active before it became ours (upgrade): controlling_process passes on what its owner had got.
    {keep_state, S#data{hs = Hs#hs{early = [Early, Bytes]}}};
received(Bytes, draining, #data{drained = Drained} = S) ->
    case Drained + iolist_size(Bytes) of
        Sum when Sum > ?DRAIN_LIMIT -> {stop, exit_reason(S), S};
        Sum -> {keep_state, arm(many, disarmed_once(S#data{drained = Sum}))}
    end;
received(_, _, S) ->
    {keep_state, disarmed_once(S)}.

disarmed_once(#data{armed = once} = S) -> S#data{armed = no};
disarmed_once(S) -> S.

rearm(connection, S) -> settle(S, []);
rearm(draining, S) -> {keep_state, arm(many, S)};
rearm(State, S) when State =:= handshake; State =:= downgrade -> {keep_state, arm(once, S)};
rearm(_, S) -> {keep_state, S}.

%% The transport is at its end.
transport_ended(_, draining, S) ->
    {stop, exit_reason(S), S};
transport_ended(_, closing, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, replies(From, ok), S};
transport_ended(_, downgrade, #data{ending = {From, _}} = S) ->
    {stop_and_reply, {shutdown, normal}, replies(From, {error, closed}), S};
transport_ended(closed, accepted, #data{hs = #hs{early = Early}} = S) when Early =/= [] ->
    %% The handshake will find it.
    {keep_state, S};
transport_ended(_, State, S) when State =:= accepted; State =:= paused ->
    %% Nothing is read: only an exit of the socket leads here.
    {stop, exit_reason(S), S};
transport_ended(How, handshake, #data{conn = Conn} = S) ->
    case outs(ssl_native:close_transport(Conn, How), S) of
        #data{ended = {fatal, #{origin := peer}}} = S1 -> hs_progress(S1);
        S1 -> {stop, {shutdown, transport_closed}, hs_reply({error, closed}, S1)}
    end;
transport_ended(How, connection, #data{conn = Conn} = S) ->
    case outs(ssl_native:close_transport(Conn, How), S) of
        #data{ended = undefined} = S1 -> settle(S1#data{ended = closed}, []);
        S1 -> settle(S1, [])
    end.

owner_down(State, S) when State =:= accepted; State =:= handshake; State =:= paused ->
    cancel(S#data{hs = undefined});
owner_down(connection, S) ->
    close(undefined, ?CLOSE_TIMEOUT, S);
owner_down(downgrade, S) ->
    {stop, exit_reason(S), S};
owner_down(_, _) ->
    keep_state_and_data.

handle_cast(stop, connection, S) ->
    close(undefined, ?STOP_TIMEOUT, S);
handle_cast(stop, State, S) when State =:= handshake; State =:= paused ->
    cancel(hs_reply({error, closed}, S));
handle_cast(stop, _, S) ->
    {stop, exit_reason(S), S};
handle_cast({notes, Notes}, connection, S) ->
    settle(outs(Notes, S#data{fresh = false}), []);
handle_cast({write_failed, _}, connection, #data{active = false} = _S) ->
    %% What the peer sent can still be read; then the reader finds the end.
    keep_state_and_data;
handle_cast({write_failed, _}, connection, S) ->
    settle(S, []);
handle_cast(_, _, _) ->
    keep_state_and_data.

%%--------------------------------------------------------------------------------------------------------------------
%% Requests
%%--------------------------------------------------------------------------------------------------------------------

request({new_user, Pid}, From, _, #data{owner = {Old, _}} = S) ->
    New = erlang:monitor(process, Pid),
    erlang:demonitor(Old, [flush]),
    {keep_state, S#data{owner = {New, Pid}}, [{reply, From, ok}]};
request({get_opts, Names}, From, _, S) ->
    {keep_state_and_data, [{reply, From, get_options(Names, S, [])}]};
request({set_opts, Options}, From, State, S) ->
    set_options(Options, From, State, S);
request({close, {Pid, Timeout}}, From, connection, S) ->
    downgrade(Pid, Timeout, From, S);
request({close, {_, _}}, From, _, S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, {error, closed}}], S};
request({close, Timeout}, From, connection, S) ->
    close(From, Timeout, S);
request({close, _}, From, State, S) when State =:= handshake; State =:= paused ->
    gen_statem:reply(From, ok),
    cancel(hs_reply({error, closed}, S));
request({close, _}, From, _, S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, ok}], S};
request({shutdown, _}, From, connection, #data{ended = closed, shut = true}) ->
    {keep_state_and_data, [{reply, From, {error, closed}}]};
request({shutdown, How}, From, State, S) ->
    shut_down(How, From, State, S);
request({recv, _, _}, From, connection, #data{active = Active}) when Active =/= false ->
    {keep_state_and_data, [{reply, From, {error, einval}}]};
request({recv, _, _} = Recv, From, connection, #data{cooked = no, renegotiation = {_, _}} = S) ->
    %% We wait for the peer's part of a handshake, and shall not have to wait for somebody to read.
    request(Recv, From, connection, take_over_cutting(<<>>, S));
request({recv, _, _}, From, connection, #data{ahead = yes, cooked = no, ended = undefined}) ->
    {keep_state_and_data, [{reply, From, retry}]};
request({recv, _, _} = Recv, From, connection, #data{cooked = no, ended = undefined} = S) ->
    case reads_badly(S) of
        true -> request(Recv, From, connection, take_over_cutting(<<>>, S));
        false -> give_lock(From, S)
    end;
request({recv, _, _} = Recv, From, connection, #data{cooked = no} = S) ->
    %% We know of the end already: what comes before it is read here.
    request(Recv, From, connection, take_over_cutting(<<>>, S));
request({recv, _, _}, From, connection, #data{want = {_, _}}) ->
    %% Two at once on data that is cut here.
    {keep_state_and_data, [{reply, From, {error, ealready}}]};
request({recv, Length, Timeout}, From, connection, S) ->
    settle(S#data{want = {From, Length}}, [{{timeout, recv}, Timeout, give_up}]);
request({failed, Fatal}, From, connection, #data{role = Role, options = Options} = S) ->
    ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
    failed_key_log(S),
    mark_closed(S#data.conn),
    gen_statem:reply(From, {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)}),
    end_session(S),
    drain(alert_timeout(), flush(renegotiated({error, closed}, S)));
request(ended, From, connection, #data{conn = Conn} = S) ->
    %% A reader outside saw the end, after all data.
    case stays_open(S) of
        true ->
            {keep_state, S#data{ended = closed}, [{reply, From, {error, closed}}]};
        false ->
            mark_closed(Conn),
            gen_statem:reply(From, {error, closed}),
            close(undefined, ?CLOSE_TIMEOUT, S#data{ended = closed})
    end;
request({invalid_packet, Bytes}, From, connection, #data{conn = Conn} = S) ->
    mark_closed(Conn),
    gen_statem:reply(From, {error, {invalid_packet, undelivered(Bytes, S)}}),
    close(undefined, ?CLOSE_TIMEOUT, S);
request(await, From, connection, _) ->
    {keep_state_and_data, [{reply, From, ok}]};
request(renegotiate, From, connection, #data{ctx = undefined}) ->
    %% RFC 8446 section 4.1.2: not in TLS 1.3.
    {keep_state_and_data, [{reply, From, {error, notsup}}]};
request(renegotiate, From, connection, #data{renegotiation = no, ended = undefined, conn = Conn} = S) ->
    settle(outs(ssl_native:renegotiate(Conn), S#data{renegotiation = From}), []);
request(renegotiate, From, connection, #data{renegotiation = no}) ->
    {keep_state_and_data, [{reply, From, {error, closed}}]};
request(renegotiate, From, connection, _) ->
    {keep_state_and_data, [{reply, From, {error, already_renegotiating}}]};
%% A sender's: the keys have been used for as many records as renegotiate_at says.
request(new_keys, From, connection, #data{renegotiation = no, ended = undefined, conn = Conn} = S) ->
    settle(outs(ssl_native:renegotiate(Conn), S#data{renegotiation = {internal, [From]}}), []);
request(new_keys, From, connection, #data{renegotiation = no}) ->
    {keep_state_and_data, [{reply, From, {error, closed}}]};
request(new_keys, From, connection, #data{renegotiation = {internal, Waiting}} = S) ->
    {keep_state, S#data{renegotiation = {internal, [From | Waiting]}}};
request(new_keys, From, connection, #data{renegotiation = User} = S) ->
    {keep_state, S#data{renegotiation = {internal, [From, User]}}};
request({served, Notes}, From, connection, S) ->
    %% A reader outside waits until the question that it came across is answered.
    case outs(Notes, S#data{fresh = false}) of
        #data{ended = {fatal, _} = Fatal} = S1 -> {keep_state, S1#data{ended = undefined}, [{reply, From, Fatal}]};
        S1 -> settle(S1, [{reply, From, ok}])
    end;
request(peer_certificate, From, connection, #data{conn = Conn}) ->
    Reply = case ssl_native:info(Conn) of
                #{peer_chain := [Leaf | _]} -> {ok, Leaf};
                _ -> {error, no_peercert}
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request(negotiated_protocol, From, connection, #data{conn = Conn}) ->
    Reply = case ssl_native:info(Conn) of
                #{alpn := Protocol} when is_binary(Protocol) -> {ok, Protocol};
                _ -> {error, protocol_not_negotiated}
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request(information, From, connection, #data{role = Role, conn = Conn, options = Options, key_log = Lines} = S) ->
    Info = ssl_native:info(Conn),
    KeyLog = case Options of
                 #{keep_secrets := true} -> Lines;
                 _ -> []
             end,
    {keep_state_and_data, [{reply, From, {ok, Info, maps:merge(secrets(Info, S), #{role => Role, options => Options, key_log => KeyLog})}}]};
request({export, [Label], [Context], [Length], _}, From, connection, #data{conn = Conn, ctx = #{}}) ->
    %% Before TLS 1.3: as OTP has it, one comes by itself and not in a list.
    Reply = case export(Conn, [Label], [Context], [Length], []) of
                {ok, [Key]} -> {ok, Key};
                {error, _} = Error -> Error
            end,
    {keep_state_and_data, [{reply, From, Reply}]};
request({export, _, _, _, _}, From, connection, #data{exporter = false}) ->
    {keep_state_and_data, [{reply, From, {error, exporter_master_secret_already_consumed}}]};
request({export, Labels, Contexts, Lengths, Consume}, From, connection, #data{conn = Conn} = S) ->
    Reply = export(Conn, Labels, Contexts, Lengths, []),
    %% What is not of TLS 1.3 cannot be consumed.
    Keep = not Consume orelse element(1, Reply) =:= error orelse S#data.ctx =/= undefined,
    {keep_state, S#data{exporter = Keep}, [{reply, From, Reply}]};
request(_, From, _, _) ->
    %% Nothing for this state, as a second handshake.
    {keep_state_and_data, [{reply, From, {error, einval}}]}.

%% After the end.
closed_request({close, {_, _}}, From, _) -> {keep_state_and_data, [{reply, From, {error, closed}}]};
closed_request({close, _}, From, _) -> {keep_state_and_data, [{reply, From, ok}]};
closed_request(_, From, _) -> {keep_state_and_data, [{reply, From, {error, closed}}]}.

%% Before TLS 1.3: what makes the session.
secrets(_, #data{ctx = undefined}) ->
    #{};
secrets(#{server_name := Name}, #data{ctx = #{sessions := Policy}, conn = Conn}) ->
    Secret = case ssl_native:master_secret(Conn) of
                 {ok, Master} -> #{master_secret => Master};
                 none -> #{}
             end,
    case ssl_native:session(Conn) of
        {ok, Data} -> Secret#{session_data => ssl_sessions:export(Policy, Name, Data)};
        none -> Secret
    end.

export(_, [], [], [], Acc) ->
    {ok, lists:reverse(Acc)};
export(Conn, [Label | Labels], [Context | Contexts], [Length | Lengths], Acc)
  when is_binary(Label), is_binary(Context) orelse Context =:= no_context, is_integer(Length), Length >= 0 ->
    case ssl_native:export(Conn, Label, Context, Length) of
        {ok, Key} -> export(Conn, Labels, Contexts, Lengths, [Key | Acc]);
        {error, _} -> {error, bad_input}
    end;
export(_, _, _, _, _) ->
    {error, bad_input}.

replies(undefined, _) -> [];
replies(From, Reply) -> [{reply, From, Reply}].

%%--------------------------------------------------------------------------------------------------------------------
%% Options
%%--------------------------------------------------------------------------------------------------------------------

%% As OTP, in reverse order.
get_options([], _, Acc) -> {ok, Acc};
get_options([Name | Names], S, Acc) ->
    case own_option(Name, S) of
        {ok, Value} ->
            get_options(Names, S, [{Name, Value} | Acc]);
        no ->
            case ssl_transport:getopts(S#data.transport, S#data.socket, [Name]) of
                {ok, Values} -> get_options(Names, S, Values ++ Acc);
                {error, Reason} -> {error, {options, {socket_options, Name, Reason}}}
            end
    end;
get_options(Names, _, _) ->
    {error, {options, {socket_options, Names, function_clause}}}.

own_option(mode, #data{mode = Mode}) -> {ok, Mode};
own_option(packet, #data{packet = {Packet, headers}}) -> {ok, Packet};
own_option(packet, #data{packet = Packet}) -> {ok, Packet};
own_option(header, #data{header = Header}) -> {ok, Header};
own_option(active, #data{active = Active}) -> {ok, Active};
own_option(packet_size, #data{packet_size = Size}) -> {ok, Size};
own_option(buffer, #data{buffer = Buffer}) when Buffer =/= undefined -> {ok, Buffer};
own_option(Name, #data{options = Options}) when Name =:= high_watermark; Name =:= low_watermark ->
    case Options of
        #{Name := Value} -> {ok, Value};
        #{} -> no
    end;
own_option(_, _) -> no.

set_options(Options, From, State, S) ->
    {Reply, S1} = set_all(Options, S, []),
    %% As OTP: who counts and has a passive socket then is told so, whatever led there.
    case {lists:keyfind(active, 1, Options), S1} of
        {{active, N}, #data{active = false}} when is_integer(N) -> to_owner({ssl_passive, S1#data.self}, S1);
        _ -> ok
    end,
    S2 = framing(S, S1),
    case State of
        connection -> set_active(Reply, From, S2);
        _ -> {keep_state, S2, [{reply, From, Reply}]}
    end.

%% The first time that a client reads: is there an alert for what the handshake ended with (RFC 8446 section 6.2: the
%% server's verdict on our certificate comes after our Finished)? Then that is the answer.
set_active(Reply, From, #data{active = Active, fresh = true, armed = no, cooked = no} = S0) when Active =/= false ->
    case lock(S0#data{fresh = false}) of
        #data{lock = held, transport = gen_tcp, socket = Socket, conn = Conn} = S ->
            case gen_tcp:recv(Socket, 0, 0) of
                {ok, Bytes} ->
                    case outs(ssl_native:feed(Conn, Bytes), S#data{active = false}) of
                        #data{ended = {fatal, Fatal}, role = Role} = S1 ->
                            Error = {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)},
                            ended({fatal, Fatal}, S1, [{reply, From, Error}]);
                        S1 ->
                            settle(S1#data{active = Active}, [{reply, From, Reply}])
                    end;
                {error, timeout} ->
                    settle(S, [{reply, From, Reply}]);
                {error, _} ->
                    gen_statem:reply(From, Reply),
                    transport_ended(closed, connection, S)
            end;
        S ->
            settle(S, [{reply, From, Reply}])
    end;
set_active(Reply, From, #data{active = false, armed = many} = S) ->
    settle(disarm(S), [{reply, From, Reply}]);
set_active(Reply, From, S) ->
    settle(S, [{reply, From, Reply}]).

set_all([], S, []) ->
    {ok, S};
set_all([], #data{transport = Transport, socket = Socket} = S, Others) ->
    try ssl_transport:setopts(Transport, Socket, lists:reverse(Others)) of
        ok ->
            {ok, case lists:keymember(buffer, 1, Others) orelse lists:keymember(recbuf, 1, Others) of
                     true -> S#data{buffer = undefined};
                     false -> S
                 end};
        {error, Reason} ->
            {bad_option(lists:reverse(Others), Reason), S}
    catch
        _:Reason ->
            {bad_option(lists:reverse(Others), Reason), S}
    end;
set_all([{active, Active} | Rest], S, Others) when is_boolean(Active); Active =:= once ->
    set_all(Rest, S#data{active = Active}, Others);
set_all([{active, N} = Option | Rest], #data{active = Old} = S, Others) when is_integer(N), N >= -32768, N =< 32767 ->
    Sum = case is_integer(Old) of
              true -> Old + N;
              false -> N
          end,
    if
        Sum < -32768; Sum > 32767 -> {bad_option(Option), S};
        Sum =< 0 -> set_all(Rest, S#data{active = false}, Others);
        true -> set_all(Rest, S#data{active = Sum}, Others)
    end;
set_all([{mode, Mode} | Rest], S, Others) when Mode =:= list; Mode =:= binary ->
    set_all(Rest, S#data{mode = Mode}, Others);
set_all([{packet, Packet} = Option | Rest], S, Others) ->
    case is_packet(Packet) of
        true -> set_all(Rest, S#data{packet = Packet}, Others);
        false -> {bad_option(Option), S}
    end;
set_all([{header, Header} | Rest], S, Others) when is_integer(Header), Header >= 0 ->
    set_all(Rest, S#data{header = Header}, Others);
set_all([{packet_size, Size} | Rest], S, Others) when is_integer(Size), Size >= 0 ->
    set_all(Rest, S#data{packet_size = Size}, Others);
set_all([{Name, Value} | Rest], #data{options = Options} = S, Others)
  when is_map_key(Name, Options), is_integer(Value), Name =:= high_watermark orelse Name =:= low_watermark ->
    set_all(Rest, S#data{options = Options#{Name := Value}}, Others);
set_all([{Name, _} = Option | _], S, _) when Name =:= active; Name =:= mode; Name =:= header; Name =:= packet_size ->
    {bad_option(Option), S};
set_all([Option | Rest], S, Others) ->
    set_all(Rest, S, [Option | Others]).

bad_option(Option) -> {error, {options, {socket_options, Option}}}.
bad_option(Options, Reason) -> {error, {options, {socket_options, Options, Reason}}}.

is_packet(Packet) ->
    lists:member(Packet, [raw, 0, 1, 2, 4, asn1, cdr, sunrm, fcgi, tpkt, line, http, httph, http_bin, httph_bin]).

%%--------------------------------------------------------------------------------------------------------------------
%% Reading: the read lock, the transport, cutting, delivery
%%
%% What the native half cuts (raw, 1, 2, 4) it keeps, and readers outside take it there. Other packet types are cut here, out
%% of `cooked`; so is what came while nobody wanted it. Then recv comes here too, until all of that is read.
%%--------------------------------------------------------------------------------------------------------------------

native_packet(Packet) ->
    Packet =:= raw orelse Packet =:= 0 orelse Packet =:= 1 orelse Packet =:= 2 orelse Packet =:= 4.

%% Tells the native half and the callers how to cut and show, at the start ...
framing(#data{conn = Conn, packet = Packet, packet_size = Size} = S) ->
    ok = ssl_native:packet(Conn, case native_packet(Packet) of true -> Packet; false -> raw end, max(0, Size)),
    word(S).

word(#data{conn = Conn, mode = Mode, packet = Packet, header = Header, cooked = Cooked, shut = Shut}) ->
    ok = ssl_native:set_word(Conn, ssl_stream:word(Mode, Packet, Header, Cooked =/= no, Shut)).

%% ... and after a change.
framing(#data{mode = M, packet = P, packet_size = Z, header = H}, #data{mode = M, packet = P, packet_size = Z, header = H} = S) ->
    S;
framing(_, #data{cooked = no, packet = Packet} = S) ->
    framing(S),
    case native_packet(Packet) of
        true -> S;
        false -> take_over_cutting(<<>>, S)
    end;
framing(_, S) ->
    word(S),
    S.

take_over_cutting(Data, #data{conn = Conn, cooked = no} = S0) ->
    ok = ssl_native:packet(Conn, raw, 0),
    S = S0#data{cooked = Data},
    word(S),
    lock(S).

%% All is read, and the native half can cut what comes: its work again.
hand_back_cutting(#data{cooked = <<>>, packet = Packet} = S) ->
    case native_packet(Packet) of
        true ->
            S1 = S#data{cooked = no},
            framing(S1),
            S1;
        false ->
            S
    end;
hand_back_cutting(S) ->
    S.

%% Asks for the read lock.
lock(#data{lock = none, conn = Conn} = S) ->
    case ssl_native:reader(Conn, take) of
        ok -> S#data{lock = held};
        {wait, Ref} -> S#data{lock = Ref}
    end;
lock(S) ->
    S.

%% On older releases recv on a socket of the socket backend ignores its time-out once the socket was active: then we read.
-if(?OTP_RELEASE >= 28).
reads_badly(_) -> false.
-else.
reads_badly(#data{socket = Socket}) -> is_tuple(Socket) andalso element(1, Socket) =:= '$inet'.
-endif.

%% Gives the read lock to callers that want to read themselves.
give_lock(From, #data{lock = held, conn = Conn} = S0) ->
    case disarm(S0) of
        #data{cooked = no} = S ->
            ok = ssl_native:reader(Conn, give),
            {keep_state, S#data{lock = none}, [{reply, From, retry}]};
        S ->
            %% Something came after all.
            {keep_state, S, [{reply, From, retry}]}
    end;
give_lock(From, S) ->
    {keep_state, S, [{reply, From, retry}]}.

%% Callers of recv get small messages one by one: they come sooner when the transport sends them to us, as in active mode, than
%% when each recv asks it. What we feed waits in the native half, where callers take it (native/nif/src/ahead.rs).
read_ahead(#data{ahead = no, active = false, want = undefined, ended = undefined, cooked = no, renegotiation = no, lock = Lock,
                 transport = gen_tcp, socket = Socket, conn = Conn} = S) when is_port(Socket), not is_reference(Lock) ->
    case ssl_native:reader(Conn, ahead) of
        ok -> arm(many, S#data{lock = held, ahead = yes});
        {wait, Ref} -> S#data{lock = Ref, ahead = wanted}
    end;
read_ahead(S) ->
    S.

%% Before TLS 1.3 the peer may ask for a renegotiation, and waits for our part of it: also while nobody here receives.
listen_to_peer(#data{ctx = #{}} = S) -> read_ahead(S);
listen_to_peer(S) -> S.

%% It comes in bulk, or is not for callers of recv any more.
no_more_ahead(#data{active = false, want = undefined, ended = undefined, cooked = no, renegotiation = no, conn = Conn} = S0) ->
    case disarm(S0) of
        #data{ended = undefined, cooked = no} = S ->
            ok = ssl_native:reader(Conn, give),
            S#data{ahead = no, lock = none};
        S ->
            no_more_ahead(S)
    end;
no_more_ahead(#data{ended = How, cooked = no} = S) when How =/= undefined ->
    %% Who waits shall hear from us how it ended.
    callers_come(take_over_cutting(<<>>, S));
no_more_ahead(S) ->
    callers_come(S).

callers_come(#data{ahead = Ahead, conn = Conn} = S) when Ahead =:= yes; Ahead =:= enough ->
    ok = ssl_native:reader(Conn, take),
    S#data{ahead = no};
callers_come(S) ->
    S.

%% Has the transport send us what comes.
arm(_, #data{armed = Armed} = S) when Armed =/= no ->
    S;
arm(How, #data{transport = Transport, socket = Socket} = S) ->
    Active = case How of many when Transport =:= gen_tcp -> active_n(); _ -> once end,
    case ssl_transport:setopts(Transport, Socket, [{active, Active}]) of
        ok -> S#data{armed = case Active of once -> once; _ -> many end};
        {error, _} ->
            %% Gone: as if it had said so.
            self() ! {element(2, S#data.tags), Socket},
            S#data{armed = once}
    end.

active_n() ->
    case application:get_env(ssl, internal_active_n) of
        {ok, N} when is_integer(N), N > 0, N < 32768 -> N;
        _ -> ?READ_AHEAD
    end.

%% The transport keeps what comes; what it sent already is taken.
disarm(#data{armed = no} = S) ->
    S;
disarm(#data{transport = Transport, socket = Socket} = S) ->
    _ = ssl_transport:setopts(Transport, Socket, [{active, false}]),
    drain_mailbox(S#data{armed = no}).

plain_bytes(#data{socket = Socket, tags = {Data, _, _, _}} = S) ->
    receive
        {Data, Socket, Bytes} -> [Bytes | plain_bytes(S)]
    after 0 -> []
    end.

drain_mailbox(#data{socket = Socket, tags = {Data, _, _, Passive}, conn = Conn} = S) ->
    receive
        {Data, Socket, Bytes} -> drain_mailbox(outs(ssl_native:feed(Conn, Bytes), S));
        {Passive, Socket} -> drain_mailbox(S)
    after 0 -> S
    end.

%% In the connected state, after something happened: delivers what is wanted and there, arms the transport for more, or ends.
settle(S0, Actions) ->
    case serve(S0) of
        {idle, #data{ended = How, cooked = no} = S} when How =/= undefined ->
            %% Who reads next has to hear of it from here.
            {next_state, connection, one_sided(take_over_cutting(<<>>, renegotiated({error, closed}, S))), Actions};
        {idle, #data{ended = How} = S} when How =/= undefined ->
            {next_state, connection, one_sided(renegotiated({error, closed}, S)), Actions};
        {idle, S} -> {next_state, connection, S, Actions};
        {ended, #data{ended = How} = S} -> ended(How, S, Actions);
        {invalid, Bytes, S} -> invalid(Bytes, S, Actions)
    end.

serve(#data{ahead = yes, active = false, want = undefined, ended = undefined, cooked = no, renegotiation = no} = S) ->
    {idle, arm(many, S)};
serve(#data{ahead = Ahead} = S) when Ahead =:= yes; Ahead =:= enough ->
    serve(no_more_ahead(S));
serve(#data{active = false, want = undefined, renegotiation = no} = S) ->
    {idle, S};
serve(#data{lock = none} = S) ->
    serve(lock(S));
serve(#data{lock = Lock} = S) when is_reference(Lock) ->
    {idle, S};
serve(#data{active = false, want = undefined, ended = undefined} = S) ->
    %% Nobody wants data, but we wait for the peer's part of a handshake.
    {idle, arm(once, S)};
serve(#data{active = false, want = undefined} = S) ->
    {idle, S};
serve(S) ->
    case next(S) of
        {data, Data, S1} ->
            serve(deliver(Data, S1));
        {invalid, Bytes} ->
            {invalid, Bytes, S};
        {more, #data{ended = undefined} = S1} ->
            {idle, arm(case S1#data.active of false -> once; _ -> many end, S1)};
        {more, S1} ->
            {ended, S1}
    end.

%% The next unit for the user.
next(#data{cooked = no, conn = Conn} = S) ->
    case ssl_native:pull(Conn, 0) of
        {data, Data} -> {data, Data, S};
        none -> {more, S};
        {error, {invalid_packet, Bytes}} -> {invalid, Bytes}
    end;
next(#data{cooked = Kept, want = Want} = S) ->
    Length = case Want of {_, N} -> N; undefined -> 0 end,
    case cut(S#data.packet, S#data.packet_size, Length, Kept) of
        {data, Data, Rest} -> {data, Data, hand_back_cutting(S#data{cooked = Rest})};
        invalid -> {invalid, Kept};
        more -> more(S)
    end.

more(#data{cooked = Kept, conn = Conn} = S) ->
    case ssl_native:pull(Conn, 0) of
        {data, Data} -> next(S#data{cooked = <<Kept/binary, Data/binary>>});
        none -> {more, hand_back_cutting(S)}
    end.

cut(_, _, _, <<>>) ->
    more;
cut(Packet, _, Length, Data) when Packet =:= raw; Packet =:= 0 ->
    case Data of
        _ when Length =:= 0 -> {data, Data, <<>>};
        <<Head:Length/binary, Rest/binary>> -> {data, Head, Rest};
        _ -> more
    end;
cut(Packet, Size, _, Data) ->
    Type = case Packet of
               {http, headers} -> httph;
               {http_bin, headers} -> httph_bin;
               _ -> Packet
           end,
    case erlang:decode_packet(Type, Data, [{packet_size, Size}]) of
        {ok, Unit, Rest} -> {data, Unit, Rest};
        {more, _} -> more;
        {error, _} -> invalid
    end.

%% Gives a unit to whom it is for.
deliver(Unit, #data{want = {From, _}} = S) ->
    gen_statem:reply(From, {ok, format(Unit, S)}),
    packet_state(Unit, S#data{want = undefined});
deliver(Unit, #data{active = Active, self = Self} = S) ->
    to_owner({ssl, Self, format(Unit, S)}, S),
    packet_state(Unit, case Active of
                           true -> S;
                           once -> S#data{active = false};
                           1 ->
                               to_owner({ssl_passive, Self}, S),
                               S#data{active = false};
                           N -> S#data{active = N - 1}
                       end).

%% After a request or response line come headers, after those the next line.
packet_state({Line, _, _, _}, #data{packet = Packet} = S)
  when Line =:= http_request orelse Line =:= http_response, Packet =:= http orelse Packet =:= http_bin ->
    S#data{packet = {Packet, headers}};
packet_state(http_eoh, #data{packet = {Packet, headers}} = S) ->
    S#data{packet = Packet};
packet_state(_, S) ->
    S.

format(Unit, #data{mode = Mode, header = Header}) when is_binary(Unit) ->
    ssl_stream:format(Unit, ssl_stream:word(Mode, 0, Header, false, false));
format(Unit, _) ->
    Unit.

to_owner(Message, #data{owner = {_, Pid}}) ->
    Pid ! Message,
    ok.

%%--------------------------------------------------------------------------------------------------------------------
%% The end
%%--------------------------------------------------------------------------------------------------------------------

%% All data are delivered, and the connection has ended: the user hears of it.
ended(How, #data{renegotiation = {_, _}} = S, Actions) ->
    ended(How, renegotiated({error, closed}, S), Actions);
ended(How, #data{role = Role, options = Options, want = Want, self = Self, conn = Conn} = S, Actions) ->
    How =:= closed orelse end_session(S),
    Reason = case How of
                 closed -> closed;
                 {fatal, Fatal} ->
                     #{alert := Alert} = Fatal,
                     Alert =:= ?CLOSE_NOTIFY orelse failed_key_log(S),
                     Alert =:= ?CLOSE_NOTIFY orelse ssl_alert_text:log(Role, Fatal, ?PROTOCOL, maps:get(log_level, Options, notice)),
                     ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)
             end,
    Stays = How =:= closed andalso Want =/= undefined andalso stays_open(S),
    %% First: whoever gets an answer finds it closed.
    Stays orelse mark_closed(Conn),
    gen_replies([R || {reply, _, _} = R <- Actions]),
    case Want of
        {From, _} -> gen_statem:reply(From, {error, Reason});
        undefined when S#data.active =:= false -> ok;
        undefined when Reason =:= closed -> to_owner({ssl_closed, Self}, S);
        undefined -> to_owner({ssl_error, Self, Reason}, S)
    end,
    S1 = S#data{want = undefined},
    case How of
        closed when Stays -> {next_state, connection, S1};
        closed -> close(undefined, ?CLOSE_TIMEOUT, S1);
        _ -> drain(alert_timeout(), S1)
    end.

%% The peer has ended, and what it sent has not been read yet: that stays for the reader. Our side ends too (RFC 5246 section
%% 7.2.1), unless the user wants to go on sending (RFC 8446 section 6.1).
one_sided(#data{ended = closed, shut = false} = S) ->
    case stays_open(S) of
        true -> S;
        false -> shut(control_now(close_notify, S))
    end;
one_sided(S) ->
    S.

shut(S0) ->
    S = S0#data{shut = true},
    word(S),
    S.

%% {exit_on_close, false}: a passive socket outlives the end of what it receives, until it is closed.
stays_open(#data{transport = Transport, socket = Socket}) ->
    try ssl_transport:getopts(Transport, Socket, [exit_on_close]) of
        {ok, [{exit_on_close, false}]} -> true;
        _ -> false
    catch
        _:_ -> false
    end.

%% Why the process ends, for those that watch it; the reasons are OTP's.
exit_reason(#data{ended = closed}) -> {shutdown, peer_close};
exit_reason(#data{ended = {fatal, #{origin := local}}}) -> {shutdown, own_alert};
exit_reason(_) -> {shutdown, normal}.

gen_replies(Replies) ->
    lists:foreach(fun({reply, From, Reply}) -> gen_statem:reply(From, Reply) end, Replies).

%% A packet that is larger than allowed, or none at all. Who asked for something that led here learns that it is over.
invalid(Bytes, #data{want = Want, self = Self, conn = Conn} = S, Actions) ->
    mark_closed(Conn),
    gen_replies([{reply, From, {error, closed}} || {reply, From, _} <- Actions]),
    Reason = {invalid_packet, undelivered(Bytes, S)},
    case Want of
        {From, _} -> gen_statem:reply(From, {error, Reason});
        undefined -> to_owner({ssl_error, Self, Reason}, S)
    end,
    close(undefined, ?CLOSE_TIMEOUT, S#data{want = undefined}).

undelivered(Bytes, #data{mode = list}) -> binary_to_list(Bytes);
undelivered(Bytes, #data{mode = binary}) -> Bytes.

%% Closes: close_notify when it is our turn to write, then the transport.
close(From, Timeout, #data{conn = Conn} = S0) ->
    mark_closed(Conn),
    S = callers_come(S0),
    say_goodbye(S#data{ending = {From, Timeout}, active = false}).

say_goodbye(#data{conn = Conn, ending = {From, Timeout}} = S) ->
    case ssl_native:control(Conn, close_notify) of
        {ok, Bytes} ->
            case written(closing, write(Bytes, S#data{unlock = true})) of
                {keep_state, S1} -> {next_state, closing, S1, [{state_timeout, Timeout, expired}]};
                Next -> Next
            end;
        {wait, _Ref} ->
            {next_state, closing, S, [{state_timeout, Timeout, expired}]};
        {error, _} ->
            gen_replies(replies(From, ok)),
            drain(Timeout, S)
    end.

%% The transport took data.
written(closing, #data{out = [], writer = undefined, unlock = false, ending = {From, Timeout}} = S) ->
    gen_replies(replies(From, ok)),
    drain(Timeout, S);
written(connection, #data{out = [], writer = undefined, ending = {shutdown, From, How}, transport = Transport,
                          socket = Socket} = S) ->
    case ssl_transport:shutdown(Transport, Socket, How) of
        ok when How =:= write -> {keep_state, shut(S#data{ending = undefined}), [{reply, From, ok}]};
        ok -> settle(nothing_to_read(shut(S#data{ending = undefined})), [{reply, From, ok}]);
        {error, _} = Error -> transport_refused(From, Error, S)
    end;
written(handshake, #data{hs = #hs{done = true}} = S) ->
    hs_progress(S);
written(_, S) ->
    {keep_state, S}.

%% No more to say. The peer shall read it before the transport closes.
drain(_, #data{ended = closed, out = [], writer = undefined} = S) ->
    %% The peer has said goodbye, or the transport is at its end: nothing to wait for.
    {stop, exit_reason(S), S};
drain(0, S) ->
    {stop, exit_reason(S), S};
drain(infinity, S) ->
    drain(?CLOSE_TIMEOUT, S);
drain(Timeout, #data{out = Out, writer = Writer} = S) when Out =/= []; Writer =/= undefined ->
    %% First what is to be said must be on its way.
    {next_state, closing, S#data{ending = {undefined, Timeout}, hs = undefined}, [{state_timeout, Timeout, expired}]};
drain(Timeout, #data{transport = Transport, socket = Socket, conn = Conn} = S0) ->
    mark_closed(Conn),
    gen_replies(case S0#data.want of {From, _} -> replies(From, {error, closed}); undefined -> [] end),
    S = lock(callers_come(S0#data{want = undefined, ending = undefined, hs = undefined, cooked = no, key_log = [],
                                  options = maps:with([hibernate_after], S0#data.options)})),
    Wait = case S of
               #data{lock = held} -> Timeout;
               %% A reader outside waits for the transport: it shall not wait for the peer's goodbye.
               _ -> min(Timeout, ?READER_TIMEOUT)
           end,
    case ssl_transport:shutdown(Transport, Socket, write) of
        ok -> {next_state, draining, arm(many, S), [{state_timeout, Wait, expired}, {{timeout, handshake}, cancel}]};
        {error, _} -> {stop, exit_reason(S), S}
    end.

%% From now on send and recv of callers fail at once.
mark_closed(Conn) ->
    ok = ssl_native:set_word(Conn, ssl_stream:closed_word(ssl_native:word(Conn))).

shut_down(read, From, connection, #data{transport = Transport, socket = Socket} = S) ->
    case ssl_transport:shutdown(Transport, Socket, read) of
        ok -> settle(nothing_to_read(S), [{reply, From, ok}]);
        {error, _} = Error -> transport_refused(From, Error, S)
    end;
shut_down(How, From, connection, S) ->
    written(connection, control_now(close_notify, S#data{ending = {shutdown, From, How}}));
shut_down(How, From, _, #data{transport = Transport, socket = Socket}) ->
    {keep_state_and_data, [{reply, From, ssl_transport:shutdown(Transport, Socket, How)}]}.

%% It is not connected any more.
transport_refused(From, Error, #data{conn = Conn} = S) ->
    mark_closed(Conn),
    {stop_and_reply, {shutdown, normal}, [{reply, From, Error}], S}.

%% The user wants nothing more: as if the peer had ended.
nothing_to_read(#data{ended = undefined} = S) -> lock(S#data{ended = closed});
nothing_to_read(S) -> S.

%%--------------------------------------------------------------------------------------------------------------------
%% Downgrade: close_notify both ways, then the transport is the user's again (close/2)
%%--------------------------------------------------------------------------------------------------------------------

downgrade(Pid, Timeout, From, S0) ->
    case lock(callers_come(S0)) of
        #data{lock = held, ended = {fatal, Fatal}, role = Role} = S ->
            {stop_and_reply, {shutdown, normal}, [{reply, From, {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)}}], S};
        #data{lock = held} = S ->
            S1 = control_now(close_notify, disarm(S)),
            case S1#data{ending = {From, Timeout}, listener = undefined, want = {From, 0}, active = false} of
                S2 -> downgraded(S2#data{want = undefined, owner = {element(1, S2#data.owner), Pid}})
            end;
        S ->
            %% Somebody reads: that would read the close_notify.
            {keep_state, S, [{reply, From, {error, timeout}}]}
    end.

downgraded(#data{ended = closed, ending = {From, _}, owner = {_, Pid}, transport = Transport, socket = Socket, conn = Conn} = S) ->
    _ = ssl_transport:setopts(Transport, Socket, ssl_transport:internal()),
    %% What followed the peer's close_notify is the user's: taken with it, or sent to us meanwhile.
    Rest = iolist_to_binary([ssl_native:rest(Conn) | plain_bytes(S)]),
    mark_closed(Conn),
    case Transport:controlling_process(Socket, Pid) of
        ok when Rest =:= <<>> -> {stop_and_reply, {shutdown, downgrade}, [{reply, From, {ok, Socket}}], S};
        ok -> {stop_and_reply, {shutdown, downgrade}, [{reply, From, {ok, Socket, Rest}}], S};
        {error, _} = Error -> {stop_and_reply, {shutdown, normal}, [{reply, From, Error}], S}
    end;
downgraded(#data{ended = {fatal, Fatal}, ending = {From, _}, role = Role} = S) ->
    {stop_and_reply, {shutdown, normal}, [{reply, From, {error, ssl_alert_text:reason(Role, Fatal, ?PROTOCOL)}}], S};
downgraded(#data{ending = {_, Timeout}} = S) ->
    {next_state, downgrade, arm(once, S), [{state_timeout, Timeout, expired}]}.

%%--------------------------------------------------------------------------------------------------------------------
%% Writing. This process must never block on a peer that does not read: it writes to a port only while that has no output
%% pending, and lets a short-lived process write to other transports.
%%--------------------------------------------------------------------------------------------------------------------

write(Bytes, #data{out = [], writer = undefined, transport = Transport, socket = Socket} = S) ->
    case ssl_transport:pending(Transport, Socket) of
        0 -> _ = Transport:send(Socket, Bytes), unlock(S);
        _ -> write_out(S#data{out = [Bytes]})
    end;
write(Bytes, #data{out = Out} = S) ->
    S#data{out = [Out, Bytes]}.

write_out(#data{out = []} = S) ->
    unlock(S);
write_out(#data{writer = Writer} = S) when Writer =/= undefined ->
    S;
write_out(#data{out = Out, transport = Transport, socket = Socket} = S) ->
    case ssl_transport:pending(Transport, Socket) of
        0 ->
            _ = Transport:send(Socket, Out),
            unlock(S#data{out = []});
        unknown ->
            S#data{out = [], writer = spawn_link(fun() -> exit({wrote, Transport:send(Socket, Out)}) end)};
        _ ->
            _ = erlang:send_after(?RETRY, self(), write_again),
            S
    end.

%% What was sealed under the write lock is with the transport: the lock goes on.
unlock(#data{unlock = true, conn = Conn} = S) ->
    case ssl_native:send_end(Conn) of
        ok -> S#data{unlock = false};
        {flush, Bytes} -> write(Bytes, S)
    end;
unlock(S) ->
    S.

%% Control records that wait; whoever else is writing writes them.
flush(#data{unlock = true} = S) ->
    S;
flush(#data{conn = Conn} = S) ->
    case ssl_native:flush(Conn) of
        none -> S;
        {ok, Bytes} -> write(Bytes, S#data{unlock = true});
        {wait, Ref} -> forget_turn(Ref, S)
    end.

%% A control record if it is our turn; if somebody is writing, it goes without.
control_now(What, #data{unlock = false, conn = Conn} = S) ->
    case ssl_native:control(Conn, What) of
        {ok, Bytes} -> write(Bytes, S#data{unlock = true});
        {wait, Ref} -> forget_turn(Ref, S);
        {error, _} -> S
    end;
control_now(_, S) ->
    S.

forget_turn(Ref, #data{conn = Conn} = S) ->
    ok = ssl_native:send_cancel(Conn, Ref),
    receive {ssl_native, Ref, go} -> ok after 0 -> ok end,
    S.
