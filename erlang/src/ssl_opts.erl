%% The options of connect, listen and handshake: from a user's list to something that can be relied on.
%%
%% The list is split into options of TLS and of the transport; those of TLS are checked in the order of the plan in
%% `ssl_options_table`, with the rows there, `ssl_opt_values` and `ssl_opt_rules`; what is not given gets its
%% default. Errors are those of OTP 29: `{error, {options, _}}`, `{error, {options, incompatible, _}}`,
%% `{error, {options, missing_version, _}}`, `{error, {option, server_only | client_only, Name}}`; besides these
%% `{error, {options, {not_supported_yet, {Name, Value}}}}`.
%%
%% The result (`parsed()`):
%%   ssl          map of every option that the role has (others are absent), by its name, with its value or default:
%%                versions     names, best first, as configured; the ones that can be negotiated: `negotiable/1`
%%                ciphers      codes; supported_groups, psk_groups, signature_algs: names; psk_groups are the groups
%%                             of the first key shares
%%                signature_algs_cert  names | {default, Names} (neither option given) | undefined (do not send)
%%                certs_keys   list of maps with cert (list of DER) | certfile, key | keyfile, password (fun/0);
%%                             made from cert, certfile, key .. too, which themselves are absent
%%                cacertfile, certfile, keyfile, dhfile: binaries; not given: undefined
%%                verify_fun   {Fun, State} | undefined;  partial_chain  Fun | undefined
%%                sni_fun, sni_hosts: both, at most one is not undefined / []
%%                server_name_indication  string | disable | undefined (see server_name/1)
%%   transport    {Module, DataTag, ClosedTag, ErrorTag, PassiveTag}
%%   socket_opts  options for the transport, in the user's order, without the emulated ones
%%   emulated     mode, packet, packet_size, header, active (and the watermarks of tls_socket_tcp)
%%   given        what again/1 makes `ssl` of again, but for what is large or secret
-module(ssl_opts).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([connect/2, listen/1, handshake/2, upgrade/3, continue/3, sni/2, again/1]).
-export([core_config/2, before_13/2, negotiable/1, server_name/1]).
%% For ssl_opt_values and ssl_opt_rules:
-export([get/2, put/3, forget/2, lookup/2, source/2, by_role/3, host/1, user/1, tls_versions/1, check_shape/2,
         notice/5]).

%% An amount that no connection sends (the core counts in 64 bits). As a term it is less than infinity.
-define(NEVER, 16#ffffffffffffffff).

%% What a check looks at: the user's options, those of an earlier call, and what has come of them so far.
-record(context, {role :: client | server, host :: term(), user :: optmap(), old :: optmap(), opts :: optmap(),
                  rows = ssl_options_table:rows() :: #{atom() => ssl_options_table:row()}}).

%% Options of TLS as they were given, call by call, first the last: little memory for a connection that may be asked for all
%% of its options (connection_information/1).
-type given() :: {client | server, Host :: term(), [[{atom(), term()}]]}.

-export_type([parsed/0, optmap/0, context/0, reason/0, given/0]).

-type optmap() :: #{atom() => term()}.
-type parsed() ::
        #{ssl := optmap(),
          transport := {module(), atom(), atom(), atom(), atom()},
          socket_opts := [gen_tcp:option()],
          given := given(),
          emulated := #{mode := list | binary, packet := term(), packet_size := integer(), header := integer(),
                        active := term(), high_watermark => integer(), low_watermark => integer()}}.
-type reason() :: {options, term()} | {options, incompatible | missing_version, term()}
                | {option, server_only | client_only, atom()}.
-opaque context() :: #context{}.

%%--------------------------------------------------------------------------------------------------------------
%% Entry points
%%--------------------------------------------------------------------------------------------------------------

%% Options of `ssl:connect/3,4` to a host.
-spec connect(Host :: term(), [term()]) -> {ok, parsed()} | {error, reason()}.
connect(Host, Opts) ->
    checked(fun() ->
                    {Ssl, SocketOpts} = split(Opts),
                    C = check(client, Host, Ssl, #{}),
                    finish(C, Opts, Ssl, SocketOpts, undefined)
            end).

%% Options of `ssl:listen/2`. Files that are named must be there and hold what they should.
-spec listen([term()]) -> {ok, parsed()} | {error, reason()}.
listen(Opts) ->
    checked(fun() ->
                    {Ssl, SocketOpts} = split(Opts),
                    C = check(server, undefined, Ssl, #{}),
                    ok = ssl_opt_files:check(C#context.opts),
                    finish(C, Opts, Ssl, SocketOpts, undefined)
            end).

%% Options of `ssl:handshake/2,3` on an accepted socket, over those of its listener.
-spec handshake([term()], parsed()) -> {ok, parsed()} | {error, reason()}.
handshake(Opts, Listener) ->
    continue(server, Opts, Listener).

%% Options that come later: `ssl:handshake/2,3`, `ssl:handshake_continue/2,3`. Options of the transport in the list
%% have no effect then.
-spec continue(client | server, [term()], parsed()) -> {ok, parsed()} | {error, reason()}.
continue(Role, Opts, #{ssl := Old} = Parsed) ->
    checked(fun() ->
                    {Ssl, _Socket} = split(Opts),
                    C = update(Role, Ssl, Old),
                    case Role of
                        server -> certs_when_full(C);
                        client -> ok
                    end,
                    ok = ssl_opt_rules:not_supported_yet(C),
                    More = case Parsed of
                               #{given := {Role, Host, Before}} -> #{given => {Role, Host, [small(Ssl) | Before]}};
                               #{} -> #{}
                           end,
                    maps:merge(Parsed#{ssl := C#context.opts}, More)
            end).

%% Options for a server name, from `sni_fun` or `sni_hosts`, over those in use.
-spec sni([term()], parsed()) -> {ok, parsed()} | {error, reason()}.
sni(Opts, Parsed) ->
    continue(server, Opts, Parsed).

%% Options of `ssl:connect/2,3` and `ssl:handshake/2,3` on a connected socket of the transport.
-spec upgrade(client | server, Socket :: term(), [term()]) -> {ok, parsed()} | {error, reason()}.
upgrade(Role, Socket, Opts) ->
    checked(fun() ->
                    _ = transport(Opts, tls, Socket),
                    {Ssl, SocketOpts} = split(Opts),
                    C = check(Role, undefined, Ssl, #{}),
                    case Role of
                        server -> certs_when_full(C);
                        client -> ok
                    end,
                    finish(C, Opts, Ssl, SocketOpts, {socket, Socket})
            end).

%% The options again that were given, with their defaults. Large and secret ones are not among them.
-spec again(given()) -> optmap().
again({Role, Host, Given}) ->
    again(Role, Host, lists:reverse(Given)).

again(Role, Host, [First | Later]) ->
    Start = (check(Role, Host, First, #{}))#context.opts,
    Opts = lists:foldl(fun(Ssl, Old) -> (update(Role, Ssl, Old))#context.opts end, Start, Later),
    maps:without([cacerts, certs_keys], Opts).

%% Without what is large or secret; but that there are trusted certificates must be known.
small(Ssl) ->
    [case Option of {cacerts, Certs} when is_list(Certs) -> {cacerts, []}; _ -> Option end
     || {Name, _} = Option <- Ssl,
        not lists:member(Name, [cert, key, password, certs_keys, sni_hosts, use_ticket, stateless_tickets_seed, reuse_session,
                                srp_identity, user_lookup_fun, early_data])].

checked(Fun) ->
    try {ok, Fun()}
    catch throw:{error, _} = Error -> Error
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Checking
%%--------------------------------------------------------------------------------------------------------------

check(Role, Host, Ssl, Old) ->
    %% The last of several counts.
    Start = #context{role = Role, host = Host, user = maps:from_list(Ssl), old = Old,
                     opts = case map_size(Old) of 0 -> ssl_options_table:constants(Role); _ -> Old end},
    lists:foldl(fun step/2, Start, ssl_options_table:plan(Role)).

update(Role, Ssl, Old0) ->
    Old = case lists:keyfind(versions, 1, Ssl) of
              {_, [_ | _] = Given} -> for_versions(Given, Old0);
              _ -> Old0
          end,
    check(Role, undefined, Ssl, Old).

certs_when_full(C) ->
    case get(handshake, C) of
        hello -> ok;
        full -> ssl_opt_rules:certs_or_anonymous(C)
    end.

%% Other versions: what means nothing in them starts anew, and so does what meant nothing in the old ones, where it
%% could only have its default.
for_versions(Given, #{protocol := Protocol, versions := Versions} = Old) ->
    case ssl_opt_values:supported_versions(Given, Protocol) of
        Versions ->
            Old;
        New ->
            Bound = [ssl_options_table:version_bound([ssl_versions:tls_equivalent(V) || V <- Vs])
                     || Vs <- [New, Versions]],
            Kept = maps:without(lists:append(Bound), Old),
            case suites_left(maps:get(ciphers, Kept), New) of
                [] -> maps:remove(ciphers, Kept);
                Suites -> Kept#{ciphers := Suites}
            end
    end.

suites_left(Suites, [Highest | _]) ->
    All = ssl_suites:list(all, Highest),
    [S || S <- Suites, lists:member(S, All)].

step({opt, Option}, #context{user = User} = C) when is_map_key(Option, User) ->
    set(Option, check_versions(Option, check_type(Option, C)));
step({opt, Option}, #context{old = Old} = C) when is_map_key(Option, Old) ->
    C;
step({opt, Option}, #context{rows = Rows} = C) ->
    %% Most options are not given: nothing of theirs is to be checked, and most defaults are there from the beginning.
    #{Option := #{default := Default}} = Rows,
    put(Option, ssl_opt_values:default(Default, Option, C), C);
step({type, Option}, C) ->
    check_type(Option, C);
step({versions, Option}, C) ->
    check_versions(Option, C);
step({set, Option}, C) ->
    set(Option, C);
step({rule, Rule}, C) ->
    ssl_opt_rules:apply_rule(Rule, C);
step({foreign, Option}, #context{user = User, role = Role} = C) ->
    case User of
        #{Option := Value} when Value =/= undefined ->
            throw({error, {option, case Role of client -> server_only; server -> client_only end, Option}});
        #{} ->
            C
    end.

check_type(Option, C) ->
    ok = case source(Option, C) of
             new -> check_shape(Option, C);
             _ -> ok
         end,
    C.

%% Is the user's value of the right kind?
-spec check_shape(atom(), context()) -> ok.
check_shape(Option, #context{user = User, rows = Rows} = C) ->
    #{Option := #{type := Type}} = Rows,
    ssl_opt_values:shape(Type, Option, map_get(Option, User), C).

check_versions(Option, #context{rows = Rows} = C) ->
    case source(Option, C) of
        new ->
            #{Option := #{versions := Versions}} = Rows,
            ok = ssl_opt_rules:versions(Option, Versions, C);
        _ ->
            ok
    end,
    C.

set(Option, #context{user = User, rows = Rows} = C) ->
    #{Option := #{type := Type, default := Default}} = Rows,
    case source(Option, C) of
        new -> put(Option, new_value(Option, Type, map_get(Option, User), C), C);
        old -> C;
        default -> put(Option, ssl_opt_values:default(Default, Option, C), C)
    end.

%% These two need the versions, which their type does not.
new_value(ciphers, _, Value, C) -> ssl_opt_values:ciphers(Value, get(versions, C));
new_value(Option, Type, Value, C) -> ssl_opt_values:content(Type, Option, Value, C).

%%--------------------------------------------------------------------------------------------------------------
%% The context
%%--------------------------------------------------------------------------------------------------------------

%% Where the value comes from: this call, an earlier one, or nowhere.
-spec source(atom(), context()) -> new | old | default.
source(Option, #context{user = User}) when is_map_key(Option, User) -> new;
source(Option, #context{old = Old}) when is_map_key(Option, Old) -> old;
source(_, _) -> default.

%% Source and value: the user's as it was given, or the old one.
-spec lookup(atom(), context()) -> {new | old | default, term()}.
lookup(Option, #context{user = User, opts = Opts} = C) ->
    case source(Option, C) of
        new -> {new, map_get(Option, User)};
        old -> {old, map_get(Option, Opts)};
        default -> {default, maps:get(Option, Opts, undefined)}
    end.

%% The value as checked so far.
-spec get(atom(), context()) -> term().
get(Option, #context{opts = Opts}) -> maps:get(Option, Opts, undefined).

-spec put(atom(), term(), context()) -> context().
put(Option, Value, #context{opts = Opts} = C) ->
    case Opts of
        #{Option := Value} -> C;
        #{} -> C#context{opts = Opts#{Option => Value}}
    end.

%% Values of earlier calls that count no longer.
-spec forget([atom()], context()) -> context().
forget(Options, #context{opts = Opts, old = Old} = C) ->
    C#context{opts = maps:without(Options, Opts), old = maps:without(Options, Old)}.

-spec by_role(context(), A, B) -> A | B.
by_role(#context{role = client}, Client, _) -> Client;
by_role(#context{role = server}, _, Server) -> Server.

-spec host(context()) -> term().
host(#context{host = Host}) -> Host.

-spec user(context()) -> optmap().
user(#context{user = User}) -> User.

%% The versions in use, as the TLS versions they derive from.
-spec tls_versions(context()) -> [ssl_versions:version()].
tls_versions(C) -> [ssl_versions:tls_equivalent(V) || V <- get(versions, C)].

%% Something that the user should know, if the log level lets it through.
-spec notice(context(), string(), list(), string(), list()) -> ok.
notice(C, Format, Args, ReasonFormat, ReasonArgs) ->
    ssl_log:notice(get(log_level, C), lists:flatten(io_lib:format(Format, Args)),
                   lists:flatten(io_lib:format(ReasonFormat, ReasonArgs))).

%%--------------------------------------------------------------------------------------------------------------
%% The list
%%--------------------------------------------------------------------------------------------------------------

%% Options of TLS and the rest, both in the user's order. Whatever the table does not know is for the transport.
split(Opts) ->
    ok = proper(Opts),
    Pairs = pairs(proplists:expand([{binary, [{mode, binary}]}, {list, [{mode, list}]}], Opts), []),
    Rows = ssl_options_table:rows(),
    lists:partition(fun({Name, _}) ->
                            is_map_key(Name, Rows)
                                orelse lists:member(Name, [cb_info, ssl_imp, next_protocol_selector]);
                       (_) ->
                            false
                    end, Pairs).

proper([_ | Opts]) -> proper(Opts);
proper([]) -> ok;
proper(Tail) -> ssl_opt_values:fail(option_not_a_key_value_tuple, Tail).

%% Options are pairs, but for a few of the transport. `log_alert` is an old name of `log_level`, which wins.
pairs([{log_alert, Bool} | Rest], Acc) when is_boolean(Bool) ->
    case lists:keymember(log_level, 1, Acc) orelse proplists:is_defined(log_level, Rest) of
        true -> pairs(Rest, Acc);
        false -> pairs(Rest, [{log_level, case Bool of true -> notice; false -> none end} | Acc])
    end;
pairs([{Key, _} = Opt | Rest], Acc) when is_atom(Key) -> pairs(Rest, [Opt | Acc]);
pairs([{raw, _, _, _} = Opt | Rest], Acc) -> pairs(Rest, [Opt | Acc]);
pairs([Opt | Rest], Acc) when Opt =:= inet; Opt =:= inet6 -> pairs(Rest, [Opt | Acc]);
pairs([Other | _], _) -> ssl_opt_values:fail(option_not_a_key_value_tuple, Other);
pairs([], Acc) -> lists:reverse(Acc).

%%--------------------------------------------------------------------------------------------------------------
%% The transport
%%--------------------------------------------------------------------------------------------------------------

finish(#context{role = Role, host = Host} = C, Opts, Ssl, SocketOpts, Socket) ->
    Transport = transport(Opts, get(protocol, C), case Socket of {socket, S} -> S; undefined -> undefined end),
    ok = datagram(get(protocol, C), SocketOpts),
    Module = case Socket of
                 %% Only sockets of TLS can be upgraded.
                 {socket, Connected} -> element(1, transport(Opts, tls, Connected));
                 undefined -> element(1, Transport)
             end,
    {Inet, Emulated} = emulated(Module, SocketOpts, Socket),
    ok = ssl_opt_rules:not_supported_yet(C),
    #{ssl => C#context.opts, transport => Transport, socket_opts => Inet, emulated => Emulated,
      given => {Role, Host, [small(Ssl)]}}.

%% `cb_info`, with the tag of passive messages made up when it is the old four-tuple.
transport(Opts, Protocol, Socket) ->
    case proplists:get_value(cb_info, Opts, default_transport(Protocol, Socket)) of
        {Module, Data, Closed, Error} when is_atom(Data) ->
            {Module, Data, Closed, Error, list_to_atom(atom_to_list(Data) ++ "_passive")};
        {_, _, _, _, _} = Info -> Info;
        Other -> ssl_opt_values:fail(cb_info, Other)
    end.

default_transport(tls, {'$socket', _}) -> tls_socket_tcp:cb_info();
default_transport(tls, _) -> {gen_tcp, tcp, tcp_closed, tcp_error, tcp_passive};
default_transport(dtls, _) -> {gen_udp, udp, udp_closed, udp_error, udp_passive}.

%% Datagrams have no framing of their own.
datagram(tls, _) ->
    ok;
datagram(dtls, SocketOpts) ->
    lists:foreach(fun({Name, _} = Opt) when Name =:= packet; Name =:= packet_size; Name =:= header ->
                          ssl_opt_values:fail(not_supported, Opt);
                     (_) ->
                          ok
                  end, SocketOpts).

%% Options that this library keeps itself, because what the user reads is not what the transport reads.
emulated(Module, SocketOpts, Socket) ->
    Defaults = emulated_defaults(Module, Socket),
    {Own, Inet} = lists:partition(fun({Name, _}) -> is_map_key(Name, Defaults); (_) -> false end, SocketOpts),
    lists:foreach(fun({Name, Value}) -> valid_emulated(Name, Value) orelse ssl_opt_values:fail(Name, Value) end, Own),
    %% Of several of one name the last counts, but the first for a socket that is upgraded: as OTP has it.
    Counting = case Socket of undefined -> Own; _ -> lists:reverse(Own) end,
    {Inet, maps:merge(Defaults, maps:from_list(Counting))}.

emulated_defaults(Module, Socket) ->
    Base = #{mode => list, packet => 0, packet_size => 0, header => 0, active => true},
    Defaults = case Module of
                   tls_socket_tcp -> Base#{high_watermark => 8192, low_watermark => 4096};
                   _ -> Base
               end,
    maps:merge(Defaults, maps:with(maps:keys(Defaults), inherited(Module, Socket))).

%% A socket that is upgraded keeps how its owner reads it.
inherited(_, undefined) ->
    #{};
inherited(_, {socket, {'$socket', _}}) ->
    #{active => false, mode => binary};
inherited(Module, {socket, Socket}) ->
    Names = [mode, packet, active, header, packet_size],
    Result = case Module of
                 gen_tcp -> inet:getopts(Socket, Names);
                 _ -> Module:getopts(Socket, Names)
             end,
    case Result of
        {ok, Values} -> maps:from_list(Values);
        {error, _} = Error -> throw(Error)
    end.

valid_emulated(mode, V) -> V =:= list orelse V =:= binary;
valid_emulated(packet, V) -> is_atom(V) orelse is_integer(V);
valid_emulated(packet_size, V) -> is_integer(V);
valid_emulated(header, V) -> is_integer(V);
valid_emulated(active, V) -> is_boolean(V) orelse V =:= once orelse (is_integer(V) andalso V >= -32768 andalso V =< 32767);
valid_emulated(_, _) -> true.

%%--------------------------------------------------------------------------------------------------------------
%% For the core
%%--------------------------------------------------------------------------------------------------------------

%% Versions of the configured ones that can be negotiated today.
-spec negotiable(optmap()) -> [ssl_versions:version()].
negotiable(#{versions := Versions}) ->
    [V || V <- Versions, lists:member(V, ssl_versions:implemented())].

%% The name to send as server_name (RFC 6066 section 3: a DNS name, no address).
-spec server_name(optmap()) -> binary() | undefined.
server_name(#{server_name_indication := [_ | _] = Name}) ->
    Text = unicode:characters_to_list(Name),
    case inet:parse_address(Text) of
        {ok, _} -> undefined;
        {error, _} -> unicode:characters_to_binary(Text)
    end;
server_name(_) ->
    undefined.

%% The fields of `ssl_native:config/1` that follow from the options alone. Left to the caller: credentials,
%% certificate_authorities (names of the trust store, when the option of that name is true), native_verify, and what
%% `before_13/2` gives.
-spec core_config(client | server, optmap()) -> map().
core_config(Role, Opts) ->
    #{verify := Verify, ciphers := Ciphers, max_handshake_size := MaxHandshake,
      key_update_at := KeyUpdateAt, middlebox_comp_mode := Middlebox, handshake := Handshake,
      keep_secrets := KeepSecrets} = Opts,
    #{versions => [ssl_versions:code(V) || V <- negotiable(Opts)],
      cipher_suites => suites(Ciphers, negotiable(Opts)),
      honor_cipher_order => maps:get(honor_cipher_order, Opts, false),
      groups => group_codes(supported_groups, Opts),
      key_share_groups => group_codes(psk_groups, Opts),
      alpn => alpn(Role, Opts),
      max_fragment_length => maps:get(max_fragment_length, Opts, undefined),
      max_handshake_size => MaxHandshake,
      key_update_at => min(KeyUpdateAt, ?NEVER),
      middlebox_comp_mode => Middlebox,
      cookie => maps:get(cookie, Opts, false),
      verify_peer => Verify =:= verify_peer,
      fail_if_no_peer_cert => maps:get(fail_if_no_peer_cert, Opts, false),
      status_request => false,
      ask_hello => Handshake =:= hello orelse asks_for_name(Opts),
      key_log => KeepSecrets =/= false}.

suites(Ciphers, Versions) ->
    New = lists:member('tlsv1.3', Versions),
    Old = Versions -- ['tlsv1.3'] =/= [],
    [S || S <- Ciphers, case lists:member(S, ssl_suites:tls13()) of true -> New; false -> Old end].

%% Without TLS 1.3 these are not defined.
group_codes(Option, Opts) ->
    case Opts of
        #{Option := Groups} when is_list(Groups) -> [ssl_algorithms:group_code(G) || G <- Groups];
        #{} -> []
    end.

%% The fields that only mean something before TLS 1.3; none when that is the only version. Left to the caller: dh, and
%% session_scope.
-spec before_13(client | server, optmap()) -> map().
before_13(Role, Opts) ->
    case negotiable(Opts) of
        ['tlsv1.3'] ->
            #{};
        _ ->
            #{curves => ssl_algorithms:curve_codes(maps:get(eccs, Opts, [])),
              honor_ecc_order => maps:get(honor_ecc_order, Opts, false),
              client_renegotiation => maps:get(client_renegotiation, Opts, true),
              renegotiate_at => map_get(renegotiate_at, Opts),
              fallback => maps:get(fallback, Opts, false),
              beast_mitigation => map_get(beast_mitigation, Opts),
              padding_check => map_get(padding_check, Opts),
              psk_identity => psk_identity(Role, Opts),
              srp_identity => maps:get(srp_identity, Opts, undefined),
              user_lookup => maps:get(user_lookup_fun, Opts, undefined) =/= undefined,
              npn => npn(Role, Opts),
              extended_master_secret => true,
              %% Which session is kept or taken up again is decided by ssl_sessions; identifiers are always given out, as by
              %% OTP, and the item session_data is for sessions that no cache keeps.
              reuse_sessions => true}
    end.

%% A server sends it as a hint. What a client says that was not told who it is, is OTP's.
psk_identity(_, #{psk_identity := Identity}) when is_binary(Identity) -> Identity;
psk_identity(server, _) -> undefined;
psk_identity(client, _) -> <<"psk_identity">>.

%% Next protocol negotiation (draft-agl-tls-nextprotoneg-04): what a server shows, and by what a client chooses.
npn(client, #{client_preferred_next_protocols := {_, _, _} = Selection}) -> Selection;
npn(server, #{next_protocols_advertised := Protocols}) when is_list(Protocols) -> Protocols;
npn(_, _) -> undefined.

alpn(client, #{alpn_advertised_protocols := Protocols}) -> Protocols;
alpn(server, #{alpn_preferred_protocols := Protocols}) -> Protocols;
alpn(_, _) -> undefined.

asks_for_name(#{sni_fun := F}) when is_function(F) -> true;
asks_for_name(#{sni_hosts := [_ | _]}) -> true;
asks_for_name(_) -> false.
