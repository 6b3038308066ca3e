%% The documented API: argument checks, then the layer below. The functions, their results and their exceptions are those of
%% OTP 29's ssl.
%%
%% Who does the work: connections ssl_endpoint (their process) and ssl_stream (send and recv in the caller's process), listening
%% sockets ssl_listener, options ssl_opts, certificates ssl_material, lists of algorithms ssl_suites and ssl_algorithms.
-module(ssl).
-if(?OTP_RELEASE >= 27).
-moduledoc "TLS for Erlang: OTP's `ssl` with its core in Rust. The reference manual of OTP's ssl application holds.".
-endif.

%% Application
-export([start/0, start/1, stop/0, clear_pem_cache/0]).
%% Sockets
-export([connect/2, connect/3, connect/4, listen/2, transport_accept/1, transport_accept/2,
         handshake/1, handshake/2, handshake/3, handshake_continue/2, handshake_continue/3, handshake_cancel/1,
         controlling_process/2, peername/1, peercert/1, sockname/1, close/1, close/2, shutdown/2,
         recv/2, recv/3, send/2, getopts/2, setopts/2, getstat/1, getstat/2]).
%% Protocol
-export([cipher_suites/2, cipher_suites/3, filter_cipher_suites/2, prepend_cipher_suites/2, append_cipher_suites/2,
         signature_algs/2, eccs/0, eccs/1, versions/0, groups/0, groups/1, format_error/1, renegotiate/1, update_keys/2,
         export_key_materials/4, export_key_materials/5, prf/5, negotiated_protocol/1,
         connection_information/1, connection_information/2]).
%% Names of suites; for OTP's own
-export([suite_to_str/1, suite_to_openssl_str/1, str_to_suite/1, tls_version/1]).

-deprecated([{prf, 5, "Use export_key_materials/4 instead."}]).
-removed([{ssl_accept, '_', "use ssl:handshake/1,2,3 instead"},
          {cipher_suites, 0, "use ssl:cipher_suites/2,3 instead"},
          {cipher_suites, 1, "use ssl:cipher_suites/2,3 instead"},
          {negotiated_next_protocol, 1, "use ssl:negotiated_protocol/1 instead"},
          {connection_info, 1, "use ssl:connection_information/1,2 instead"}]).

-export_type([active_msgs/0, cert_key_conf/0, cipher/0, cipher_filters/0, ciphers/0, connection_info/0,
              connection_info_keys/0, erl_cipher_suite/0, error_alert/0, group/0, hash/0, host/0, kex_algo/0, key/0,
              named_curve/0, old_cipher_suite/0, prf_random/0, protocol_extensions/0, protocol_version/0, reason/0,
              session_id/0, session_ticket/0, sign_algo/0, sign_scheme/0, signature_algs/0, socket/0, socket_option/0,
              srp_param_type/0, sslsocket/0, tls_alert/0, tls_client_option/0, tls_option/0, tls_server_option/0,
              client_option_cert/0, server_option_cert/0, common_option_tls13/0, keylog_info/0]).

%%--------------------------------------------------------------------------------------------------------------------
%% Types
%%--------------------------------------------------------------------------------------------------------------------

-type socket() :: gen_tcp:socket() | socket:socket().
-type socket_option() :: gen_tcp:connect_option() | gen_tcp:listen_option() | gen_udp:option().
%% Opaque; equal terms mean the same connection.
-type sslsocket() :: any().
-type host() :: inet:hostname() | inet:ip_address().
-type reason() :: any().
-type session_id() :: binary().
-type active_msgs() :: {ssl, sslsocket(), Data :: binary() | list()}
                     | {ssl_closed, sslsocket()}
                     | {ssl_error, sslsocket(), Reason :: any()}
                     | {ssl_passive, sslsocket()}.
-type error_alert() :: {tls_alert, {tls_alert(), Description :: string()}}.
-type tls_alert() :: close_notify | unexpected_message | bad_record_mac | record_overflow | handshake_failure
                   | bad_certificate | unsupported_certificate | certificate_revoked | certificate_expired
                   | certificate_unknown | illegal_parameter | unknown_ca | access_denied | decode_error | decrypt_error
                   | export_restriction | protocol_version | insufficient_security | internal_error
                   | inappropriate_fallback | user_canceled | no_renegotiation | missing_extension
                   | unsupported_extension | certificate_unobtainable | unrecognized_name
                   | bad_certificate_status_response | bad_certificate_hash_value | unknown_psk_identity
                   | no_application_protocol | certificate_required.

-type protocol_version() :: tls_version() | dtls_version().
-type tls_version() :: 'tlsv1.3' | 'tlsv1.2' | 'tlsv1.1' | tlsv1.
-type dtls_version() :: 'dtlsv1.2' | dtlsv1.

-type cipher() :: aes_256_gcm | aes_128_gcm | chacha20_poly1305 | aes_256_ccm | aes_128_ccm | aes_256_ccm_8 | aes_128_ccm_8
                | aes_256_cbc | aes_128_cbc | '3des_ede_cbc' | des_cbc | rc4_128.
-type hash() :: sha512 | sha384 | sha256 | sha224 | sha | md5.
-type kex_algo() :: ecdhe_ecdsa | ecdh_ecdsa | ecdh_rsa | ecdhe_rsa | rsa | dhe_rsa | dhe_dss | srp_rsa | srp_dss | dhe_psk
                  | rsa_psk | psk | ecdhe_psk | ecdh_anon | dh_anon | srp_anon | any.
-type erl_cipher_suite() :: #{key_exchange := kex_algo(), cipher := cipher(), mac := hash() | aead,
                              prf := hash() | default_prf}.
-type old_cipher_suite() :: {kex_algo(), cipher(), hash()} | {kex_algo(), cipher(), hash() | aead, hash()}.
-type ciphers() :: [erl_cipher_suite()] | string().
-type cipher_filters() :: [{key_exchange | cipher | mac | prf, fun((atom()) -> boolean())}].
-type sign_algo() :: eddsa | ecdsa | rsa | dsa.
%% The schemes of TLS 1.3, with the post-quantum ones that crypto has.
-type sign_scheme() :: atom().
-type signature_algs() :: [{hash(), sign_algo()} | sign_scheme()].
-type group() :: x25519mlkem768 | secp384r1mlkem1024 | secp256r1mlkem768 | mlkem1024 | mlkem768 | mlkem512
               | x25519 | x448 | secp256r1 | secp384r1 | secp521r1
               | brainpoolP512r1tls13 | brainpoolP384r1tls13 | brainpoolP256r1tls13
               | ffdhe2048 | ffdhe3072 | ffdhe4096 | ffdhe6144 | ffdhe8192.
-type named_curve() :: atom().
-type srp_param_type() :: srp_8192 | srp_6144 | srp_4096 | srp_3072 | srp_2048 | srp_1536 | srp_1024.

-type key() :: {'RSAPrivateKey' | 'DSAPrivateKey' | 'ECPrivateKey' | 'PrivateKeyInfo', public_key:der_encoded()}
             | #{algorithm := sign_algo(), engine := crypto:engine_ref(), key_id := crypto:key_id(),
                 password => crypto:password()}
             | #{algorithm := sign_algo(), sign_fun := fun(), sign_opts => list(), encrypt_fun => fun(),
                 encrypt_opts => list()}.
-type cert_key_conf() :: #{cert => public_key:der_encoded() | [public_key:der_encoded()],
                           key => key(),
                           certfile => file:filename(),
                           keyfile => file:filename(),
                           password => iodata() | fun(() -> iodata())}.

%% Options: every name and value is checked by ssl_opts; docs/options.md lists them.
-type tls_option() :: tls_client_option() | tls_server_option().
-type tls_client_option() :: {atom(), term()} | {raw, non_neg_integer(), non_neg_integer(), binary()} | atom().
-type tls_server_option() :: {atom(), term()} | {raw, non_neg_integer(), non_neg_integer(), binary()} | atom().
-type client_option_cert() :: {verify, verify_peer | verify_none} | {cacerts, [public_key:der_encoded()] | term()}
                            | {cacertfile, file:filename()} | {server_name_indication, inet:hostname() | disable}
                            | {customize_hostname_check, list()} | {client_certificate_authorities, boolean()}
                            | {stapling, staple | no_staple | map()}.
-type server_option_cert() :: {cacerts, [public_key:der_encoded()] | term()} | {cacertfile, file:filename()}
                            | {verify, verify_none | verify_peer} | {fail_if_no_peer_cert, boolean()}
                            | {certificate_authorities, boolean()}.
-type common_option_tls13() :: {supported_groups, [group()]} | {key_update_at, pos_integer()}
                             | {middlebox_comp_mode, boolean()}.
-type session_ticket() :: binary().

-type prf_random() :: client_random | server_random.
-type protocol_extensions() :: #{atom() => term()}.
-type keylog_item() :: unicode:chardata().
-type keylog_info() :: #{items => [keylog_item()], client_random => binary()}.
-type connection_info() :: [{atom(), term()}].
-type connection_info_keys() :: [protocol | selected_cipher_suite | selected_group | sni_hostname | session_resumption | ciphers
                                 | client_random | server_random | master_secret | keylog | session_id | session_data | ecc
                                 | srp_username].

-define(IS_TIMEOUT(T), (T =:= infinity orelse (is_integer(T) andalso T >= 0))).
%% How long close/1 lets the peer answer.
-define(CLOSE_TIMEOUT, 5000).

%%--------------------------------------------------------------------------------------------------------------------
%% Application
%%--------------------------------------------------------------------------------------------------------------------

-spec start() -> ok | {error, reason()}.
start() ->
    start(temporary).

-spec start(permanent | transient | temporary) -> ok | {error, reason()}.
start(Type) ->
    case application:ensure_all_started(ssl, Type) of
        {ok, _} ->
            %% Already started may mean OTP's own.
            case ssl_takeover:running() of
                ok -> ok;
                {error, _} = Error -> Error
            end;
        Error ->
            Error
    end.

-spec stop() -> ok | {error, reason()}.
stop() ->
    Loaded = ssl_takeover:stop(),
    Result = application:stop(ssl),
    case Loaded of
        stock -> ssl_takeover:reload();
        own -> ok
    end,
    Result.

-spec clear_pem_cache() -> ok.
clear_pem_cache() ->
    ssl_material:clear().

%%--------------------------------------------------------------------------------------------------------------------
%% Clients
%%--------------------------------------------------------------------------------------------------------------------

-spec connect(socket(), [tls_client_option()]) -> {ok, sslsocket()} | {error, reason()}.
connect(Socket, Options) when is_list(Options) ->
    connect(Socket, Options, infinity).

-spec connect(socket() | host(), [tls_client_option()] | inet:port_number(), timeout() | [tls_client_option()]) ->
          {ok, sslsocket()} | {ok, sslsocket(), protocol_extensions()} | {error, reason()}.
connect(Socket, Options, Timeout) when is_list(Options), ?IS_TIMEOUT(Timeout) ->
    case is_datagram(Options) of
        true -> {error, {dtls_upgrade, notsup}};
        false -> ssl_dial:upgrade(client, Socket, Options, Timeout)
    end;
connect(Host, Port, Options) when is_integer(Port), is_list(Options) ->
    connect(Host, Port, Options, infinity).

-spec connect(host(), inet:port_number(), [tls_client_option()], timeout()) ->
          {ok, sslsocket()} | {ok, sslsocket(), protocol_extensions()} | {error, reason()}.
connect(Host, Port, Options, Timeout) when is_integer(Port), is_list(Options), ?IS_TIMEOUT(Timeout) ->
    ssl_dial:connect(Host, Port, Options, Timeout).

%%--------------------------------------------------------------------------------------------------------------------
%% Servers
%%--------------------------------------------------------------------------------------------------------------------

-spec listen(inet:port_number(), [tls_server_option()]) -> {ok, sslsocket()} | {error, reason()}.
listen(_, []) ->
    {error, nooptions};
listen(Port, Options) when is_integer(Port), is_list(Options) ->
    ssl_listener:listen(Port, Options).

-spec transport_accept(sslsocket()) -> {ok, sslsocket()} | {error, reason()}.
transport_accept(ListenSocket) ->
    transport_accept(ListenSocket, infinity).

-spec transport_accept(sslsocket(), timeout()) -> {ok, sslsocket()} | {error, reason()}.
transport_accept(ListenSocket, Timeout) when ?IS_TIMEOUT(Timeout) ->
    case ssl_socket_shape:parse(ListenSocket) of
        {listener, Socket, Listener} -> ssl_listener:accept(Socket, Listener, Timeout);
        _ -> erlang:error(function_clause, [ListenSocket, Timeout])
    end;
transport_accept(ListenSocket, Timeout) ->
    erlang:error(function_clause, [ListenSocket, Timeout]).

-spec handshake(sslsocket()) -> {ok, sslsocket()} | {ok, sslsocket(), protocol_extensions()} | {error, reason()}.
handshake(Socket) ->
    handshake(Socket, infinity).

-spec handshake(sslsocket() | socket(), timeout() | [tls_server_option()]) ->
          {ok, sslsocket()} | {ok, protocol_extensions()} | {ok, sslsocket(), protocol_extensions()} | {error, reason()}.
handshake(Socket, Timeout) when ?IS_TIMEOUT(Timeout) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, _, _, _, _} -> ssl_endpoint:handshake(Socket, Timeout);
        _ -> erlang:error(function_clause, [Socket, [], Timeout])
    end;
handshake(Socket, Options) ->
    handshake(Socket, Options, infinity).

-spec handshake(sslsocket() | socket(), [tls_server_option()], timeout()) ->
          {ok, sslsocket()} | {ok, sslsocket(), protocol_extensions()} | {ok, protocol_extensions()} | {error, reason()}.
handshake(Socket, Options, Timeout) when is_list(Options), ?IS_TIMEOUT(Timeout) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, _, _, _, _} when Options =:= [] -> ssl_endpoint:handshake(Socket, Timeout);
        {connection, _, _, _, _} -> ssl_endpoint:handshake(Socket, Options, Timeout);
        {listener, _, _} -> erlang:error(function_clause, [Socket, Options, Timeout]);
        error when is_tuple(Socket), element(1, Socket) =:= sslsocket ->
            erlang:error(function_clause, [Socket, Options, Timeout]);
        error ->
            case is_datagram(Options) of
                true -> {error, {dtls_upgrade, notsup}};
                false -> ssl_dial:upgrade(server, Socket, Options, Timeout)
            end
    end.

-spec handshake_continue(sslsocket(), [tls_option()]) -> {ok, sslsocket()} | {error, reason()}.
handshake_continue(Socket, Options) ->
    handshake_continue(Socket, Options, infinity).

-spec handshake_continue(sslsocket(), [tls_option()], timeout()) -> {ok, sslsocket()} | {error, reason()}.
handshake_continue(Socket, Options, Timeout) when is_list(Options), ?IS_TIMEOUT(Timeout) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, _, _, _, _} -> ssl_endpoint:handshake_continue(Socket, Options, Timeout);
        {listener, _, _} -> {error, closed};
        error -> erlang:error(function_clause, [Socket, Options, Timeout])
    end.

-spec handshake_cancel(sslsocket()) -> any().
handshake_cancel(Socket) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_endpoint:call(Pid, cancel);
        {listener, _, _} -> {error, closed};
        error -> erlang:error(function_clause, [Socket])
    end.

is_datagram(Options) ->
    proplists:get_value(protocol, Options, tls) =:= dtls.

%%--------------------------------------------------------------------------------------------------------------------
%% Data
%%--------------------------------------------------------------------------------------------------------------------

-spec send(sslsocket(), iodata()) -> ok | {error, reason()}.
send(Socket, Data) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, Core, Transport, Port} -> ssl_stream:send(Core, Pid, Transport, Port, Data);
        {listener, Port, #{transport_info := Info}} -> (element(1, Info)):send(Port, Data);       % enotconn or closed
        error -> erlang:error(function_clause, [Socket, Data])
    end.

-spec recv(sslsocket(), non_neg_integer()) -> {ok, binary() | list() | term()} | {error, reason()}.
recv(Socket, Length) ->
    recv(Socket, Length, infinity).

-spec recv(sslsocket(), non_neg_integer(), timeout()) -> {ok, binary() | list() | term()} | {error, reason()}.
recv(Socket, Length, Timeout) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, Core, Transport, Port} when is_integer(Length), Length >= 0, ?IS_TIMEOUT(Timeout) ->
            ssl_stream:recv(Core, Pid, Transport, Port, Length, Timeout);
        {listener, Port, #{transport_info := Info}} -> (element(1, Info)):recv(Port, 0);
        _ -> erlang:error(function_clause, [Socket, Length, Timeout])
    end.

-spec close(sslsocket()) -> ok | {error, reason()}.
close(Socket) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> closed(ssl_endpoint:call(Pid, {close, ?CLOSE_TIMEOUT}));
        {listener, Listen, Listener} -> ssl_listener:close(Listen, Listener);
        error -> erlang:error(function_clause, [Socket])
    end.

-spec close(sslsocket(), timeout() | {pid(), timeout()}) -> ok | {ok, port()} | {ok, port(), binary()} | {error, reason()}.
close(Socket, How) ->
    case {ssl_socket_shape:parse(Socket), How} of
        {{connection, Pid, _, _, _}, {NewOwner, Timeout}} when is_pid(NewOwner), ?IS_TIMEOUT(Timeout) ->
            ssl_endpoint:call(Pid, {close, How});
        {{connection, Pid, _, _, _}, Timeout} when ?IS_TIMEOUT(Timeout) ->
            closed(ssl_endpoint:call(Pid, {close, Timeout}));
        {{listener, Listen, Listener}, _} ->
            ssl_listener:close(Listen, Listener);
        _ ->
            erlang:error(function_clause, [Socket, How])
    end.

%% Which side closed first is of no interest here.
closed({error, closed}) -> ok;
closed(Result) -> Result.

-spec shutdown(sslsocket(), read | write | read_write) -> ok | {error, reason()}.
shutdown(Socket, How) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_endpoint:call(Pid, {shutdown, How});
        {listener, _, _} -> {error, enotconn};
        error -> erlang:error(function_clause, [Socket, How])
    end.

-spec controlling_process(sslsocket(), pid()) -> ok | {error, reason()}.
controlling_process(Socket, NewOwner) when is_pid(NewOwner) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_endpoint:call(Pid, {new_user, NewOwner});
        {listener, Listen, #{transport_info := Info}} ->
            Transport = element(1, Info),
            Transport:controlling_process(Listen, NewOwner);
        error -> erlang:error(function_clause, [Socket, NewOwner])
    end;
controlling_process(Socket, NewOwner) ->
    erlang:error(function_clause, [Socket, NewOwner]).

%%--------------------------------------------------------------------------------------------------------------------
%% Options and addresses
%%--------------------------------------------------------------------------------------------------------------------

-spec getopts(sslsocket(), [gen_tcp:option_name()]) -> {ok, [gen_tcp:option()]} | {error, reason()}.
getopts(Socket, Names) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} when is_list(Names) ->
            ssl_endpoint:call(Pid, {get_opts, Names});
        {listener, Listen, Listener} when is_list(Names) ->
            try ssl_listener:getopts(Listen, Listener, Names) of
                {ok, _} = Values -> Values;
                {error, Reason} -> {error, {options, {socket_options, Names, Reason}}}
            catch
                _:Reason -> {error, {options, {socket_options, Names, Reason}}}
            end;
        error -> erlang:error(function_clause, [Socket, Names]);
        _ -> {error, {options, {socket_options, Names}}}
    end.

-spec setopts(sslsocket(), [gen_tcp:option()]) -> ok | {error, reason()}.
setopts(Socket, Options) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} when is_list(Options) ->
            case expanded(Options) of
                {ok, Expanded} -> ssl_endpoint:call(Pid, {set_opts, Expanded});
                error -> {error, {options, {not_a_proplist, Options}}}
            end;
        {listener, Listen, Listener} when is_list(Options) ->
            set_listener(Socket, Listen, Listener, Options);
        error -> erlang:error(function_clause, [Socket, Options]);
        _ -> {error, {options, {not_a_proplist, Options}}}
    end.

expanded([{active, _}] = Options) ->
    {ok, Options};
expanded(Options) ->
    try {ok, proplists:expand([{binary, [{mode, binary}]}, {list, [{mode, list}]}], Options)}
    catch
        error:_ -> error
    end.

set_listener(Socket, Listen, Listener, Options) ->
    try ssl_listener:setopts(Listen, Listener, Options) of
        {ok, false} -> ok;
        {ok, true} -> self() ! {ssl_passive, Socket}, ok;
        {{error, Reason}, _} -> {error, {options, {socket_options, Options, Reason}}};
        {error, Reason} -> {error, {options, {socket_options, Options, Reason}}}
    catch
        _:Reason -> {error, {options, {socket_options, Options, Reason}}}
    end.

-spec getstat(sslsocket()) -> {ok, [{inet:stat_option(), integer()}]} | {error, inet:posix()}.
getstat(Socket) ->
    getstat(Socket, inet:stats()).

-spec getstat(sslsocket(), [inet:stat_option()]) -> {ok, [{inet:stat_option(), integer()}]} | {error, inet:posix()}.
getstat(Socket, Names) when is_list(Names) ->
    of_transport(Socket, fun(Transport, Port) -> ssl_transport:getstat(Transport, Port, Names) end, getstat, [Socket, Names]).

-spec peername(sslsocket()) -> {ok, {inet:ip_address(), inet:port_number()}} | {error, reason()}.
peername(Socket) ->
    of_transport(Socket, fun ssl_transport:peername/2, peername, [Socket]).

-spec sockname(sslsocket()) -> {ok, {inet:ip_address(), inet:port_number()}} | {error, reason()}.
sockname(Socket) ->
    of_transport(Socket, fun ssl_transport:sockname/2, sockname, [Socket]).

%% Of a closed connection nothing can be asked, though its transport may live on for what the peer has not read yet.
of_transport(Socket, Ask, Function, Args) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, _, Core, Transport, Port} ->
            case ssl_stream:is_closed(Core) of
                true -> {error, einval};
                false -> Ask(Transport, Port)
            end;
        {listener, Port, #{transport_info := Info}} -> Ask(element(1, Info), Port);
        error -> no_clause(Function, Args)
    end.

%% As if the function had no clause for it: so OTP's says what is no socket (of the kind).
-spec no_clause(atom(), [term()]) -> no_return().
no_clause(Function, Args) ->
    erlang:raise(error, function_clause, [{?MODULE, Function, Args, []}]).

connection(Socket, Function, Args) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, _, _, _, _} = Connection -> Connection;
        _ -> no_clause(Function, Args)
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% What was negotiated
%%--------------------------------------------------------------------------------------------------------------------

-spec peercert(sslsocket()) -> {ok, public_key:der_encoded()} | {error, reason()}.
peercert(Socket) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_endpoint:call(Pid, peer_certificate);
        {listener, _, _} -> {error, enotconn};
        error -> erlang:error(function_clause, [Socket])
    end.

-spec negotiated_protocol(sslsocket()) -> {ok, binary()} | {error, reason()}.
negotiated_protocol(Socket) ->
    {connection, Pid, _, _, _} = connection(Socket, negotiated_protocol, [Socket]),
    ssl_endpoint:call(Pid, negotiated_protocol).

-spec connection_information(sslsocket()) -> {ok, connection_info()} | {error, reason()}.
connection_information(Socket) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_facts:all(Pid);
        {listener, _, _} -> {error, enotconn};
        error -> erlang:error(function_clause, [Socket])
    end.

-spec connection_information(sslsocket(), connection_info_keys()) -> {ok, connection_info()} | {error, reason()}.
connection_information(Socket, Items) when is_list(Items) ->
    {connection, Pid, _, _, _} = connection(Socket, connection_information, [Socket, Items]),
    ssl_facts:some(Pid, Items).

-spec renegotiate(sslsocket()) -> ok | {error, reason()}.
renegotiate(Socket) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} ->
            case ssl_endpoint:call(Pid, await) of
                ok -> ssl_endpoint:call(Pid, renegotiate);
                {error, _} = Error -> Error
            end;
        {listener, _, _} -> {error, enotconn};
        error -> erlang:error(function_clause, [Socket])
    end.

-spec update_keys(sslsocket(), write | read_write) -> ok | {error, reason()}.
update_keys(Socket, Type) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, Core, Transport, Port} when Type =:= write; Type =:= read_write ->
            ssl_stream:update_keys(Core, Pid, Transport, Port, Type);
        {connection, _, _, _, _} -> {error, {illegal_parameter, Type}};
        _ -> {error, not_supported}
    end.

%% Before TLS 1.3 a single key comes by itself: so OTP, other than its manual says.
-spec export_key_materials(sslsocket(), [binary()], [binary() | no_context], [non_neg_integer()]) ->
          {ok, [binary()] | binary()} | {error, reason()}.
export_key_materials(Socket, Labels, Contexts, Lengths) ->
    export_key_materials(Socket, Labels, Contexts, Lengths, true).

-spec export_key_materials(sslsocket(), [binary()], [binary() | no_context], [non_neg_integer()], boolean()) ->
          {ok, [binary()] | binary()} | {error, exporter_master_secret_already_consumed | bad_input | reason()}.
export_key_materials(Socket, Labels, Contexts, Lengths, Consume) ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_endpoint:call(Pid, {export, Labels, Contexts, Lengths, Consume});
        {listener, _, _} -> {error, enotconn};
        error -> erlang:error(function_clause, [Socket, Labels, Contexts, Lengths, Consume])
    end.

-spec prf(sslsocket(), binary() | master_secret, binary(), [binary() | prf_random()], non_neg_integer()) ->
          {ok, binary()} | {error, reason()}.
prf(Socket, master_secret, Label, [client_random, server_random | Seed], Length)
  when Seed =:= []; tl(Seed) =:= [], is_binary(hd(Seed)) ->
    Context = case Seed of [] -> no_context; [Bytes] -> Bytes end,
    case export_key_materials(Socket, [Label], [Context], [Length], true) of
        {ok, [Key]} -> {ok, Key};
        Result -> Result
    end;
prf(Socket, Secret, Label, Seed, Length) when is_binary(Secret); Secret =:= master_secret ->
    case ssl_socket_shape:parse(Socket) of
        {connection, Pid, _, _, _} -> ssl_facts:prf(Pid, Secret, Label, Seed, Length);
        {listener, _, _} -> {error, enotconn};
        error -> erlang:error(function_clause, [Socket, Secret, Label, Seed, Length])
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Lists and names of algorithms
%%--------------------------------------------------------------------------------------------------------------------

-spec cipher_suites(default | all | exclusive | anonymous | exclusive_anonymous, protocol_version()) -> [erl_cipher_suite()].
cipher_suites(Description, Version) ->
    ssl_suites:cipher_suites(Description, Version).

-spec cipher_suites(default | all | exclusive | anonymous | exclusive_anonymous, protocol_version(), rfc | openssl) -> [string()].
cipher_suites(Description, Version, StringType) ->
    ssl_suites:cipher_suites(Description, Version, StringType).

-spec filter_cipher_suites(ciphers(), cipher_filters()) -> ciphers().
filter_cipher_suites(Suites, Filters) ->
    ssl_suites:filter(Suites, Filters).

-spec prepend_cipher_suites(ciphers() | cipher_filters(), ciphers()) -> ciphers().
prepend_cipher_suites(Preferred, Suites) ->
    ssl_suites:prepend(Preferred, Suites).

-spec append_cipher_suites(ciphers() | cipher_filters(), ciphers()) -> ciphers().
append_cipher_suites(Deferred, Suites) ->
    ssl_suites:append(Deferred, Suites).

-spec signature_algs(default | all | exclusive, protocol_version()) -> signature_algs().
signature_algs(Description, Version) ->
    ssl_algorithms:signature_algs(Description, Version).

-spec eccs() -> [named_curve()].
eccs() ->
    ssl_algorithms:eccs().

-spec eccs(protocol_version()) -> [named_curve()].
eccs(Version) ->
    ssl_algorithms:eccs(Version).

-spec groups() -> [group()].
groups() ->
    ssl_algorithms:groups().

-spec groups(default) -> [group()].
groups(default) ->
    ssl_algorithms:groups(default).

-spec versions() -> [{ssl_app, string()} | {atom(), [protocol_version()]}].
versions() ->
    [{ssl_app, application_version()} | lists:keydelete(ssl_app, 1, ssl_versions:versions())].

%% Of this application; that of the loaded one may be OTP's own.
application_version() ->
    App = filename:join(filename:dirname(code:which(?MODULE)), "ssl.app"),
    case file:consult(App) of
        {ok, [{application, ssl, Properties}]} ->
            proplists:get_value(vsn, Properties, "");
        {error, _} ->
            case application:get_key(ssl, vsn) of
                {ok, Version} -> Version;
                undefined -> ""
            end
    end.

-spec format_error({error, reason()} | reason()) -> string().
format_error(Error) ->
    ssl_alert_text:format_error(Error).

-spec suite_to_str(erl_cipher_suite()) -> string().
suite_to_str(Suite) ->
    ssl_suites:rfc_name(Suite).

-spec suite_to_openssl_str(erl_cipher_suite()) -> string().
suite_to_openssl_str(Suite) ->
    ssl_suites:openssl_name(Suite).

-spec str_to_suite(string()) -> erl_cipher_suite() | {error, {not_recognized, string()}}.
str_to_suite(Name) ->
    ssl_suites:str_to_suite(Name).

%% The TLS version that a version derives from, as numbers.
-spec tls_version({byte(), byte()}) -> {byte(), byte()}.
tls_version({3, _} = Version) -> Version;
tls_version({254, 255}) -> {3, 2};
tls_version({254, 253}) -> {3, 3}.
