%% Resumption by session identifier (TLS before 1.3: RFC 5246 section 7.3, RFC 5077 has no part in it): which sessions are
%% kept, which one a client offers, and which one a server takes up again.
%%
%% A resumed connection is verified no more than its first one was. So a session is bound to everything that decided about
%% its peer, and about who we are: its *scope*, a digest of the settings of verification, the trust store, the own
%% certificates and identities, and the server's name. A session of another scope is as good as none (CVE-2026-105236), and
%% the core compares what of the scope is in its configuration once more. Beside it stand the algorithms that the peer could
%% have signed with: whoever would accept all of them today may resume the session, so that a client that also speaks TLS
%% 1.3 takes up what one without it began. Without extended master secret (RFC 7627) a
%% session of a server that verifies its clients can be stolen by who sits between two connections; such sessions are
%% resumed only when the user says so ({reuse_sessions, true}).
%%
%% What the native half makes of a session is opaque here. `session_data` of connection_information is that, with the scope
%% in front.
-module(ssl_sessions).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([policy/3, config_scope/3, algorithms/2, with_server/2]).
-export([offer/3, resume/3, created/3, failed/2, export/3]).
-export([is_session/1, age/1, time/1]).

-export_type([session/0, policy/0, event/0, static/0, algorithms/0]).

-record(tls_session, {id :: binary(),
                      data :: binary(),                     % the native half's
                      scope :: scope(),
                      algorithms :: algorithms(),
                      version :: 0..16#ffff,
                      suite :: 0..16#ffff,
                      extended :: boolean(),                % has an extended master secret
                      peer :: binary() | undefined,         % the peer's certificate
                      time :: integer()}).                  % seconds of system time: a cache may outlive the node

-opaque session() :: #tls_session{}.
-type scope() :: <<_:256>>.

%% Signature schemes accepted in the handshake, and in certificates. Before TLS 1.2 nothing says.
-opaque algorithms() :: {any | ordsets:ordset(0..16#ffff), any | ordsets:ordset(0..16#ffff)}.
%% What belongs to a native configuration.
-type static() :: {scope(), algorithms()}.

%% How a connection deals with sessions.
-type policy() :: #{role := client | server,
                    %% extended: only with extended master secret
                    mode := true | false | save | extended,
                    scope := scope(),
                    algorithms := algorithms(),
                    suites := [0..16#ffff],
                    versions := [0..16#ffff],
                    %% server: the user's verdict
                    decide => fun((binary(), binary() | undefined, 0, ssl:erl_cipher_suite()) -> boolean()),
                    %% client: which server this is, and the session that it is asked to resume
                    server => {ssl:host(), inet:port_number()},
                    offered => Id :: binary(),
                    %% client: does the peer's certificate count?
                    verify := verify_peer | verify_none}.

%% What the native half tells of a new session.
-type event() :: #{id := binary(), data := binary(), version := 0..16#ffff, cipher_suite := 0..16#ffff,
                   server_name := binary() | undefined, ems := boolean()}.

%% Layout of session_data.
-define(FORMAT, 2).

%%--------------------------------------------------------------------------------------------------------------------
%% Policies
%%--------------------------------------------------------------------------------------------------------------------

%% `none` where sessions have no meaning, that is in TLS 1.3 alone.
-spec policy(client | server, ssl_opts:optmap(), static()) -> policy() | none.
policy(Role, #{verify := Verify, ciphers := Suites, versions := Names} = Opts, {Static, Algorithms}) ->
    case [ssl_versions:code(Name) || Name <- Names, Name =/= 'tlsv1.3'] of
        [] ->
            none;
        Versions ->
            Policy = #{role => Role, mode => mode(Opts), scope => scope(Opts, Static), algorithms => Algorithms,
                       suites => Suites, versions => Versions, verify => Verify},
            case {Role, Opts} of
                {server, #{reuse_session := Fun}} when is_function(Fun, 4) -> Policy#{decide => Fun};
                _ -> Policy
            end
    end.

mode(#{reuse_sessions := Mode}) -> Mode;
mode(_) -> false.

%% The part of the scope that the native configuration has: settings, trust store (a digest) and own certificates.
-spec config_scope(ssl_opts:optmap(), Trust :: binary(), Own :: [[binary()]]) -> scope().
config_scope(Opts, Trust, Own) ->
    Settings = maps:with([verify, fail_if_no_peer_cert, depth, cert_policy_opts, allow_any_ca_purpose, crl_check,
                          stapling, psk_identity], Opts),
    User = case Opts of
               #{srp_identity := {Name, _}} -> Name;
               #{} -> undefined
           end,
    digest({Settings, User, Trust, Own}).

%% Of signature schemes, as code points.
-spec algorithms(Handshake :: any | [0..16#ffff], Certificates :: any | [0..16#ffff]) -> algorithms().
algorithms(Handshake, Certificates) -> {ordered(Handshake), ordered(Certificates)}.

ordered(any) -> any;
ordered(Codes) -> ordsets:from_list(Codes).

%% Would whoever accepts New have accepted all that was made under Old?
covers(Same, Same) -> true;
covers({New1, New2}, {Old1, Old2}) -> includes(New1, Old1) andalso includes(New2, Old2).

includes(any, _) -> true;
includes(_, any) -> false;
includes(New, Old) -> ordsets:is_subset(Old, New).

%% Funs decide, too. One that is made anew with other values for each connection makes another scope each time.
scope(Opts, Static) ->
    digest({Static, maps:with([verify_fun, partial_chain, customize_hostname_check, crl_cache, user_lookup_fun], Opts)}).

%% Names have nothing in them that needs a plain form.
with_name(Scope, Name) -> crypto:hash(sha256, term_to_binary({Scope, Name})).

digest(Term) -> crypto:hash(sha256, term_to_binary(plain(Term))).

%% A form that is the same for equal terms: maps in order, funs without the process that made them.
plain(Fun) when is_function(Fun) ->
    {env, Env} = erlang:fun_info(Fun, env),
    {'fun', [element(2, erlang:fun_info(Fun, Item)) || Item <- [type, module, name, arity]], code(Fun), plain(Env)};
plain([Head | Tail]) -> [plain(Head) | plain(Tail)];
plain(Tuple) when is_tuple(Tuple) -> list_to_tuple(plain(tuple_to_list(Tuple)));
plain(Map) when is_map(Map) -> {map, plain(lists:sort(maps:to_list(Map)))};
plain(Term) -> Term.

%% Which code a fun runs.
code(Fun) ->
    case erlang:fun_info(Fun, type) of
        {type, local} -> element(2, erlang:fun_info(Fun, new_uniq));
        {type, external} -> none
    end.

%% The server that a client connects to, and the name verified there: sessions are its own.
-spec with_server(policy() | none, {ssl:host() | undefined, inet:port_number(), Verified :: term()}) -> policy() | none.
with_server(none, _) ->
    none;
with_server(#{scope := Scope} = Policy, {Host, Port, Verified}) ->
    Policy#{scope := with_name(Scope, Verified), server => {Host, Port}}.

%%--------------------------------------------------------------------------------------------------------------------
%% Clients
%%--------------------------------------------------------------------------------------------------------------------

%% The session to offer: the one that the user names, or one that fits.
-spec offer(policy() | none, Named :: undefined | binary() | {binary(), binary()}, Pauses :: boolean()) ->
          {Data :: binary() | undefined, policy() | none}.
offer(none, _, _) ->
    {undefined, none};
offer(Policy, _, true) ->
    %% After a pause other options may hold than those that the session would be offered under.
    {undefined, Policy};
offer(Policy, {Id, Exported}, _) ->
    case imported(Exported, Policy) of
        {ok, Data} -> {Data, Policy#{offered => Id}};
        none -> {undefined, Policy}
    end;
offer(#{server := Server} = Policy, Id, _) when is_binary(Id) ->
    case ssl_session_store:find(client, {Server, Id}) of
        {ok, Session} -> usable([Session], Policy);
        none -> {undefined, Policy}
    end;
offer(#{mode := true, server := Server} = Policy, undefined, _) ->
    usable(ssl_session_store:select(client, Server), Policy);
offer(Policy, undefined, _) ->
    {undefined, Policy}.

usable(Sessions, #{scope := Scope, algorithms := Algorithms, suites := Suites, versions := Versions} = Policy) ->
    case [S || #tls_session{scope = Bound, algorithms = Before, suite = Suite, version = Version} = S <- Sessions,
               Bound =:= Scope, lists:member(Suite, Suites), lists:member(Version, Versions), covers(Algorithms, Before)] of
        [#tls_session{id = Id, data = Data} | _] -> {Data, Policy#{offered => Id}};
        [] -> {undefined, Policy}
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Servers
%%--------------------------------------------------------------------------------------------------------------------

%% May the session that a client names be resumed under this policy and server name? RFC 6066 section 3: not under another.
-spec resume(policy() | none, Id :: binary(), Name :: binary() | undefined) -> {session, binary()} | none.
resume(none, _, _) ->
    none;
resume(#{mode := false}, _, _) ->
    none;
resume(#{mode := Mode, scope := Scope, algorithms := Algorithms} = Policy, Id, Name) ->
    Wanted = with_name(Scope, Name),
    case ssl_session_store:find(server, Id) of
        {ok, #tls_session{scope = Wanted, algorithms = Before, extended = Extended, data = Data} = Session}
          when Mode =/= extended; Extended ->
            case covers(Algorithms, Before) andalso agreed(Policy, Session) of
                true -> {session, Data};
                false -> none
            end;
        _ ->
            none
    end.

agreed(#{decide := Fun}, #tls_session{id = Id, peer = Peer, suite = Suite}) ->
    try Fun(Id, Peer, 0, ssl_suites:to_map(Suite)) =:= true
    catch
        _:_ -> false
    end;
agreed(_, _) ->
    true.

%%--------------------------------------------------------------------------------------------------------------------
%% New sessions
%%--------------------------------------------------------------------------------------------------------------------

%% A full handshake is over, with a session that the other side will take up again.
-spec created(policy() | none, event(), Peer :: binary() | undefined) -> ok.
created(none, _, _) ->
    ok;
created(#{mode := false}, _, _) ->
    ok;
created(#{role := server, mode := Mode, scope := Scope} = Policy, #{id := Id, server_name := Name, ems := Extended} = Event, Peer)
  when Mode =/= extended; Extended ->
    ssl_session_store:add(server, Id, session(Event, Policy#{scope := with_name(Scope, Name)}, Peer));
created(#{role := client, verify := verify_peer, mode := Mode, server := Server} = Policy,
        #{id := Id} = Event, Peer) ->
    case Policy of
        %% One that the server does not know any more stands in the way of this one.
        #{offered := Refused} -> ssl_session_store:forget(client, {Server, Refused});
        #{} -> ok
    end,
    Session = session(Event, Policy, digest(Peer)),
    case Mode =:= true andalso equivalent(Session, ssl_session_store:select(client, Server)) of
        true -> ok;
        false -> ssl_session_store:add(client, {Server, Id}, Session)
    end;
created(_, _, _) ->
    ok.

session(#{id := Id, data := Data, version := Version, cipher_suite := Suite, ems := Extended},
        #{scope := Scope, algorithms := Algorithms}, Peer) ->
    #tls_session{id = Id, data = Data, scope = Scope, algorithms = Algorithms, version = Version, suite = Suite,
                 extended = Extended, peer = Peer, time = erlang:system_time(second)}.

%% One of many connections made at the same time is enough.
equivalent(#tls_session{scope = Scope, algorithms = Algorithms, version = Version, suite = Suite, peer = Peer,
                        extended = Extended}, Sessions) ->
    [] =/= [S || #tls_session{scope = S, algorithms = A, version = V, suite = C, peer = P, extended = E} <- Sessions,
                 S =:= Scope, A =:= Algorithms, V =:= Version, C =:= Suite, P =:= Peer, E =:= Extended].

%% RFC 5246 section 7.2.2: the session of a connection that ended with a fatal alert begins no other one.
-spec failed(policy() | none, Id :: binary()) -> ok.
failed(_, <<>>) -> ok;
failed(#{role := server}, Id) -> ssl_session_store:forget(server, Id);
failed(#{role := client, server := Server}, Id) -> ssl_session_store:forget(client, {Server, Id});
failed(_, _) -> ok.

%% The item session_data.
-spec export(policy() | none, Name :: binary() | undefined, Data :: binary()) -> binary() | undefined.
export(#{role := client} = Policy, _, Data) -> exported(Policy, Data);
export(#{role := server, scope := Scope} = Policy, Name, Data) -> exported(Policy#{scope := with_name(Scope, Name)}, Data);
export(none, _, _) -> undefined.

exported(#{scope := Scope, algorithms := {Handshake, Certificates}}, Data) ->
    <<?FORMAT, Scope/binary, (listed(Handshake))/binary, (listed(Certificates))/binary, Data/binary>>.

%% No scheme has the code 0: it stands for any.
listed(any) -> listed([0]);
listed(Codes) -> <<(length(Codes)):16, << <<Code:16>> || Code <- Codes >>/binary>>.

%% It comes from the user, who may have it from anywhere.
imported(<<?FORMAT, Scope:32/binary, N:16, Handshake:N/binary-unit:16, M:16, Certificates:M/binary-unit:16, Data/binary>>,
         #{scope := Scope, algorithms := Algorithms}) ->
    case covers(Algorithms, algorithms(codes(Handshake), codes(Certificates))) of
        true -> {ok, Data};
        false -> none
    end;
imported(_, _) ->
    none.

codes(<<0:16>>) -> any;
codes(Codes) -> [Code || <<Code:16>> <= Codes].

%%--------------------------------------------------------------------------------------------------------------------
%% What a cache holds
%%--------------------------------------------------------------------------------------------------------------------

-spec is_session(term()) -> boolean().
is_session(Term) -> is_record(Term, tls_session).

%% Seconds; one from the future (the clock was set back) counts as new.
-spec age(session()) -> integer().
age(#tls_session{time = Time}) -> erlang:system_time(second) - Time.

-spec time(session()) -> integer().
time(#tls_session{time = Time}) -> Time.
