%% What ssl_tls12_SUITE's cases are made of: certificates of every kind, servers and clients that run here or in a node with
%% OTP's own ssl, and a little protocol by which a client has the server's end called.
-module(tls12_pairs).

-include_lib("public_key/include/public_key.hrl").

-export([certificates/0, start_stock/1, stop_stock/1, at/2]).
-export([serve/2, connect/4, ask/2, call/3, with_pair/5]).

-define(TIMEOUT, 20000).

%% Options of servers and clients by the kind of certificate; all trust each other, and servers are "localhost".
certificates() ->
    maps:from_list([{Kind, chain(Kind)} || Kind <- [rsa, ecdsa, ecdh_rsa, dsa]]).

chain(rsa) -> chain([{digest, sha256}, {key, {rsa, 2048, 65537}}], [{digest, sha256}, {key, {rsa, 2048, 65537}}]);
chain(ecdsa) -> chain([{digest, sha256}, {key, {namedCurve, secp256r1}}], [{digest, sha256}, {key, {namedCurve, secp256r1}}]);
%% For static ECDH: a key of a curve, signed with RSA.
chain(ecdh_rsa) -> chain([{digest, sha256}, {key, {rsa, 2048, 65537}}], [{digest, sha256}, {key, {namedCurve, secp256r1}}]);
chain(dsa) -> chain([{digest, sha}, {key, dsa_key()}], [{digest, sha}, {key, dsa_key()}]).

chain(Issuer, Peer) ->
    %% For RSA as key exchange and static ECDH, too.
    San = {extensions, [#'Extension'{extnID = ?'id-ce-subjectAltName', critical = false,
                                     extnValue = [{dNSName, "localhost"}, {dNSName, "other.test"}]},
                        #'Extension'{extnID = ?'id-ce-keyUsage', critical = false,
                                     extnValue = [digitalSignature, keyEncipherment, keyAgreement]}]},
    #{server_config := Server, client_config := Client} =
        public_key:pkix_test_data(#{server_chain => #{root => Issuer, intermediates => [Issuer], peer => [San | Peer]},
                                    client_chain => #{root => Issuer, intermediates => [Issuer], peer => Peer}}),
    #{server => Server, client => Client}.

%% public_key makes none.
dsa_key() -> dsa_key(5).

dsa_key(Tries) ->
    Pem = os:cmd("openssl dsaparam -genkey 1024 2>/dev/null | openssl pkey 2>/dev/null"),
    case [E || {Type, _, _} = E <- public_key:pem_decode(list_to_binary(Pem)),
               Type =:= 'DSAPrivateKey' orelse Type =:= 'PrivateKeyInfo'] of
        [Entry | _] -> with_public(Entry);
        [] when Tries > 1 -> dsa_key(Tries - 1)
    end.

with_public(Entry) ->
    #'DSAPrivateKey'{p = P, g = G, x = X} = Key = public_key:pem_entry_decode(Entry),
    %% (PKCS#8 does not say the public half.)
    Key#'DSAPrivateKey'{version = 0, y = binary:decode_unsigned(crypto:mod_pow(G, X, P))}.

%%--------------------------------------------------------------------------------------------------------------------
%% A node with OTP's own ssl
%%--------------------------------------------------------------------------------------------------------------------

start_stock(Modules) ->
    {ok, Peer, _} = peer:start(#{connection => standard_io, env => [{"ERL_AFLAGS", ""}, {"ERL_FLAGS", ""}, {"ERL_LIBS", ""}]}),
    [{module, M} = peer:call(Peer, code, load_binary, [M, File, Beam])
     || M <- [?MODULE | Modules], {_, Beam, File} <- [code:get_object_code(M)]],
    {ok, _} = peer:call(Peer, application, ensure_all_started, [ssl]),
    ok = peer:call(Peer, logger, set_primary_config, [level, none]),
    false = is_list(peer:call(Peer, code, which, [ssl_native])),
    Peer.

stop_stock(Peer) ->
    peer:stop(Peer).

%% Calls Fun here or there.
at(here, Fun) -> Fun();
at(Peer, Fun) -> peer:call(Peer, erlang, apply, [Fun, []], 60000).

%%--------------------------------------------------------------------------------------------------------------------
%% Servers and clients
%%--------------------------------------------------------------------------------------------------------------------

%% A server that answers requests (ask/2) on all its connections; its port.
serve(Where, Options) ->
    at(Where, fun() -> start_server(Options) end).

start_server(Options) ->
    Self = self(),
    Ref = make_ref(),
    spawn(fun() ->
                  case ssl:listen(0, [binary, {packet, 4}, {active, false}, {reuseaddr, true}, {nodelay, true} | Options]) of
                      {ok, L} ->
                          {ok, {_, Port}} = ssl:sockname(L),
                          Self ! {Ref, Port},
                          accept(L);
                      Error ->
                          Self ! {Ref, Error}
                  end
          end),
    receive
        {Ref, Port} when is_integer(Port) -> Port;
        {Ref, Error} -> error({no_server, Error, Options})
    end.

accept(L) ->
    {ok, Accepted} = ssl:transport_accept(L),
    Pid = spawn(fun() -> receive go -> handshake(Accepted) end end),
    ok = ssl:controlling_process(Accepted, Pid),
    Pid ! go,
    accept(L).

handshake(Accepted) ->
    case ssl:handshake(Accepted, ?TIMEOUT) of
        {ok, S} -> requests(S);
        {error, _} -> ok
    end.

requests(S) ->
    case ssl:recv(S, 0) of
        {ok, Request} ->
            Answer = case binary_to_term(Request) of
                         {echo, Data} -> Data;
                         {Function, Arguments} -> apply(ssl, Function, [S | Arguments])
                     end,
            _ = ssl:send(S, term_to_binary(Answer)),
            requests(S);
        {error, _} ->
            ssl:close(S)
    end.

%% Connects, has Fun use the socket, closes; what Fun gave, or the error.
connect(Where, Port, Options, Fun) ->
    at(Where, fun() ->
                      case ssl:connect("localhost", Port, [binary, {packet, 4}, {active, false}, {nodelay, true} | Options], ?TIMEOUT) of
                          {ok, C} ->
                              try Fun(C)
                              after ssl:close(C)
                              end;
                          {error, _} = Error ->
                              Error
                      end
              end).

%% What the server makes of a request: {echo, Term}, or a function of ssl with what follows the socket.
ask(C, Request) ->
    ok = ssl:send(C, term_to_binary(Request)),
    {ok, Answer} = ssl:recv(C, 0, ?TIMEOUT),
    binary_to_term(Answer).

call(C, Function, Arguments) -> ask(C, {Function, Arguments}).

%% Server and client together.
with_pair(Server, ServerOptions, Client, ClientOptions, Fun) ->
    connect(Client, serve(Server, ServerOptions), ClientOptions, Fun).
