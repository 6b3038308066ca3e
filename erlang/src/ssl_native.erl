%% The only module that calls native code: stubs of priv/ssl_nif.so (native/nif), their types and their loading.
%%
%% The contract of every function stands in docs/architecture.md, "Between Erlang and Rust". A wrong argument raises
%% badarg; what a peer or a transport does never raises.
-module(ssl_native).

-export([abi/0,
         trust_store/1, credential/2, config/1, client/2, server/1, use_config/2, set_endpoint/2, trace/2, word/1, set_word/2,
         start/1, feed/2, step_heavy/1, answer/2, close_transport/2,
         send_begin/2, send_more/2, send_end/1, send_failed/2, send_cancel/2, control/2, flush/1,
         recv_begin/2, recv_more/3, recv_end/2, recv_cancel/2, reader/2, packet/3, pull/2, rest/1,
         info/1, state/1, export/4, renegotiate/1, master_secret/1, session/1, counters/0]).

-export_type([store/0, credential/0, config/0, conn/0, config_map/0, key/0, outs/0, event/0, info/0, fatal/0, query/0,
              answer/0, note/0, traced/0, code_point/0, alert/0]).

%% Native halves of functions below; never called from outside.
-nifs([abi/0, trust_store_find/1, trust_store_load/1, credential_find/2, credential_load/2, config/1, client/2, server/1,
       use_config/2, set_endpoint/2, trace/2, word/1, set_word/2, start/1, feed/2, step_heavy/1, answer/2, close_transport/2, send_begin/2, send_more/2, send_end/1,
       send_failed/2, send_cancel/2, control/2, flush/1, recv_begin/2, recv_more/3, recv_end/2, recv_cancel/2, reader/2,
       packet/3, pull/2, rest/1, info/1, state/1, export/4, renegotiate/1, master_secret/1, session/1, counters/0]).

-on_load(load/0).

-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

%% Version of the interface between this file and native/nif; both sides name it, and they must agree.
-define(ABI, 2).

-type store() :: reference().
-type credential() :: reference().
-type config() :: reference().
-type conn() :: reference().

%% A version, suite, group, signature scheme as on the wire.
-type code_point() :: 0..16#ffff.
-type alert() :: 0..255.

-type key() :: {native, 'RSAPrivateKey' | 'ECPrivateKey' | 'PrivateKeyInfo', Der :: binary()}
             | {external, KeyId :: non_neg_integer(), Schemes :: [code_point()]}.

-type config_map() :: #{versions := [code_point()],
                        cipher_suites := [code_point()],
                        honor_cipher_order => boolean(),
                        groups := [code_point()],
                        key_share_groups => [code_point()],
                        signature_algs := [code_point()],
                        signature_algs_cert => [code_point()] | undefined,
                        alpn => [binary()] | undefined,
                        max_fragment_length => 512 | 1024 | 2048 | 4096 | undefined,
                        max_handshake_size => pos_integer(),
                        key_update_at => pos_integer(),
                        middlebox_comp_mode => boolean(),
                        cookie => boolean(),
                        credentials => [credential()],
                        verify_peer => boolean(),
                        fail_if_no_peer_cert => boolean(),
                        certificate_authorities => [DnDer :: binary()] | undefined,
                        native_verify => {store(), Depth :: non_neg_integer()} | undefined,
                        status_request => boolean(),
                        ask_hello => boolean(),
                        key_log => boolean(),
                        %% before TLS 1.3
                        curves => [code_point()],
                        honor_ecc_order => boolean(),
                        dh => {Prime :: binary(), Generator :: binary()} | undefined,
                        client_renegotiation => boolean(),
                        renegotiate_at => pos_integer(),
                        fallback => boolean(),
                        beast_mitigation => one_n_minus_one | zero_n | disabled,
                        padding_check => boolean(),
                        psk_identity => binary() | undefined,
                        srp_identity => {User :: binary(), Password :: binary()} | undefined,
                        user_lookup => boolean(),
                        npn => [binary()] | {client | server, [binary()], Default :: binary()} | undefined,
                        extended_master_secret => boolean(),
                        session_scope => binary(),
                        reuse_sessions => boolean()}.

-type info() :: #{version := code_point(),
                  cipher_suite := code_point(),
                  group := code_point() | undefined,
                  signature_scheme := code_point() | undefined,
                  alpn := binary() | undefined,
                  server_name := binary() | undefined,
                  peer_chain := [Der :: binary()],
                  session_id := binary(),
                  max_fragment_length := pos_integer() | undefined,
                  client_random := binary(),
                  server_random := binary(),
                  own_credential := non_neg_integer() | undefined,
                  hrr := boolean(),
                  resumed := boolean(),
                  extended_master_secret := boolean(),
                  srp_username := binary() | undefined}.

-type fatal() :: #{origin := local | peer, alert := alert(), state := atom(), cause := binary()}.

-type event() :: {connected, info()}
               | {key_log, Label :: binary(), ClientRandom :: binary(), Secret :: binary()}
               | {key_update, Requested :: boolean()}
               | closed
               | {warning, alert()}
               | {session, #{id := binary(), data := binary() | undefined, version := code_point(),
                             cipher_suite := code_point(), server_name := binary() | undefined, ems := boolean()}}
               | {renegotiated, info()}
               | {renegotiation, refused}
               | traced()
               | {session_ticket, #{lifetime := non_neg_integer(), age_add := non_neg_integer(), nonce := binary(),
                                    ticket := binary(), max_early_data := non_neg_integer()}}.

%% A handshake message (its text) or a record (its bytes), for the debug log.
-type traced() :: {trace, inbound | outbound, handshake | record, Title :: binary(), Body :: binary()}.

%% Values: numbers, binaries, lists and pairs of these; undefined where an extension says nothing but that it is there.
-type extensions() :: [{Type :: code_point(), Value :: term()}].
-type query() :: {client_hello, #{server_name := binary() | undefined,
                                  versions := [code_point()],
                                  cipher_suites := [code_point()],
                                  groups := [code_point()],
                                  signature_algs := [code_point()],
                                  signature_algs_cert := [code_point()] | undefined,
                                  alpn := [binary()] | undefined,
                                  extensions := extensions()}}
               | {server_hello, #{version := code_point(), cipher_suite := code_point(), extensions := extensions()}}
               | {peer_certificate, Chain :: [Der :: binary()], OcspResponse :: binary() | undefined}
               | {sign, KeyId :: non_neg_integer(), Scheme :: code_point(), Message :: binary()}
               | {verify_signature, Scheme :: code_point(), CertDer :: binary(), Message :: binary(), Signature :: binary()}
               | {kx_generate, Group :: code_point()}
               | {kx_agree, Group :: code_point(), PeerShare :: binary()}
               | {kx_respond, Group :: code_point(), PeerShare :: binary()}
               | {session_lookup, Id :: binary(), ServerName :: binary() | undefined}
               | {psk_lookup, IdentityOrHint :: binary() | undefined}
               | {srp_client, User :: binary(), Prime :: binary(), Generator :: binary(), Salt :: binary(), B :: binary()}
               | {srp_server, User :: binary()}
               | {srp_agree, A :: binary()}
               | {dh_generate, Prime :: binary(), Generator :: binary()}
               | {dh_agree, Prime :: binary(), Generator :: binary(), Peer :: binary()}
               | {rsa_decrypt, KeyId :: non_neg_integer(), Ciphertext :: binary()}
               | {ecdh_static, KeyId :: non_neg_integer(), Curve :: code_point(), Peer :: binary()}.

-type answer() :: continue | {use_config, config()} | {abort, alert()} | {bytes, binary()} | {secret, binary()}
                | {verified, boolean()} | {kx_response, Public :: binary(), Secret :: binary()}
                | {session, Saved :: binary()} | none | unknown
                | {srp_params, Prime :: binary(), Generator :: binary(), Salt :: binary(), B :: binary()}.

-type out() :: {send, binary()} | {event, event()} | {data, binary()} | {ask, query()} | heavy | {fatal, fatal()} | flush
              | bulk.
%% What a step gives, in order; `ask', `heavy' and `fatal' only last.
-type outs() :: [out()].

%% What a reader outside the endpoint came across, to be handed to the endpoint; `ask' and `heavy' (of a renegotiation) only last.
-type note() :: {event, event()} | flush | ahead | {ask, query()} | heavy.

-type send_error() :: closed | not_connected | term().
-type recv_error() :: closed | not_connected | {invalid_packet, binary()} | {fatal, fatal()} | term().

%%--------------------------------------------------------------------------------------------------------------------
%% Loading
%%--------------------------------------------------------------------------------------------------------------------

%% The library stands in priv/ beside the ebin of this module, or where SSL_NIF_PATH says. `code:priv_dir(ssl)' comes
%% last: while OTP's own ssl is in front in the code path, it names that one's directory.
load() ->
    Candidates = candidates(os:getenv("SSL_NIF_PATH")),
    case [Path || Path <- Candidates, exists(Path ++ ".so")] of
        [Path | _] -> load(Path);
        [] -> {error, {ssl_native, text("the native library was found at none of ~p: build it with ci/build-native, "
                                        "or set SSL_NIF_PATH to it", [[C ++ ".so" || C <- Candidates]])}}
    end.

load(Path) ->
    case erlang:load_nif(Path, ?ABI) of
        ok -> ok;
        {error, {load, _}} ->
            {error, {ssl_native, text("~ts.so is of another version of ssl (this one's interface is number ~b): "
                                      "build it again with ci/build-native", [Path, ?ABI])}};
        {error, {Reason, Text}} ->
            {error, {ssl_native, text("~ts.so cannot be loaded (~p): ~ts", [Path, Reason, Text])}}
    end.

candidates(Given) when is_list(Given), Given =/= "" ->
    [case filename:extension(Given) of
         ".so" -> filename:rootname(Given);
         _ -> Given
     end];
candidates(_) ->
    Beams = [Beam || Beam <- [code:which(?MODULE), code:where_is_file("ssl_native.beam")], is_list(Beam), Beam =/= ""],
    Beside = [filename:join([filename:dirname(filename:dirname(filename:absname(Beam))), "priv", "ssl_nif"]) || Beam <- Beams],
    Priv = case code:priv_dir(ssl) of
               {error, bad_name} -> [];
               Dir -> [filename:join(Dir, "ssl_nif")]
           end,
    lists:uniq(Beside ++ Priv).

%% Not filelib or file: distribution starts this module before the file server runs.
exists(File) ->
    erl_prim_loader:read_file_info(File) =/= error.

text(Format, Args) ->
    lists:flatten(io_lib:format(Format, Args)).

%%--------------------------------------------------------------------------------------------------------------------
%% Shared immutable objects
%%--------------------------------------------------------------------------------------------------------------------

%% The interface number of the loaded library.
-spec abi() -> integer().
abi() -> erlang:nif_error(not_loaded).

%% A trust store of these certificates. One that is alive already is found again: by the addresses of the binaries
%% (microseconds), else by their content.
-spec trust_store([Der | {cert, Der, term()}]) ->
          {ok, store(), #{count := non_neg_integer(), skipped := non_neg_integer()}} when Der :: binary().
trust_store(Certs) ->
    case trust_store_find(Certs) of
        {wait, Ref} ->
            %% A thread of the library's own loads it.
            receive
                {ssl_native, Ref, failed} -> trust_store_load(Certs);
                {ssl_native, Ref, Found} -> Found
            end;
        miss -> trust_store_load(Certs);
        Found -> Found
    end.

%% A certificate chain, leaf first, with the key of the leaf.
-spec credential(Chain :: [Der :: binary()], key()) ->
          {ok, credential(), #{schemes := [code_point()], type := atom()}} | {error, atom()}.
credential(Chain, Key) ->
    case credential_find(Chain, Key) of
        miss -> credential_load(Chain, Key);
        Found -> Found
    end.

-spec trust_store_find([binary() | tuple()]) -> {ok, store(), map()} | {wait, reference()} | miss.
trust_store_find(_Certs) -> erlang:nif_error(not_loaded).
-spec trust_store_load([binary() | tuple()]) -> {ok, store(), map()}.
trust_store_load(_Certs) -> erlang:nif_error(not_loaded).
-spec credential_find([binary()], key()) -> {ok, credential(), map()} | miss.
credential_find(_Chain, _Key) -> erlang:nif_error(not_loaded).
-spec credential_load([binary()], key()) -> {ok, credential(), map()} | {error, atom()}.
credential_load(_Chain, _Key) -> erlang:nif_error(not_loaded).

%% What connections are configured with.
-spec config(config_map()) -> {ok, config()} | {error, {Key :: atom(), Reason :: atom()}}.
config(_Map) -> erlang:nif_error(not_loaded).

%%--------------------------------------------------------------------------------------------------------------------
%% Connections: handshake and active mode, the endpoint process only
%%--------------------------------------------------------------------------------------------------------------------

%% A client's connection; the caller becomes its endpoint.
-spec client(config(), #{server_name => binary() | undefined,
                         verify_name => {dns, binary()} | {ip, binary()} | undefined,
                         session => Saved :: binary() | undefined}) -> conn().
client(_Config, _Params) -> erlang:nif_error(not_loaded).

%% A server's connection; the caller becomes its endpoint.
-spec server(config()) -> conn().
server(_Config) -> erlang:nif_error(not_loaded).

%% A server's connection that has not been fed yet gets another configuration.
-spec use_config(conn(), config()) -> ok | {error, started}.
use_config(_Conn, _Config) -> erlang:nif_error(not_loaded).

%% 64 bits that belong to the Erlang side; reads and writes are atomic.
-spec word(conn()) -> non_neg_integer().
word(_Conn) -> erlang:nif_error(not_loaded).

-spec set_word(conn(), non_neg_integer()) -> ok.
set_word(_Conn, _Word) -> erlang:nif_error(not_loaded).

%% Another process becomes the endpoint.
-spec set_endpoint(conn(), pid()) -> ok.
set_endpoint(_Conn, _Pid) -> erlang:nif_error(not_loaded).

%% Does the native half give messages and records out, as events and as {ssl_native, trace, [traced()]}? The endpoint only.
-spec trace(conn(), boolean()) -> ok.
trace(_Conn, _On) -> erlang:nif_error(not_loaded).

%% The first flight: a client's ClientHello; nothing for a server.
-spec start(conn()) -> outs().
start(_Conn) -> erlang:nif_error(not_loaded).

%% Bytes from the transport.
-spec feed(conn(), iodata()) -> outs().
feed(_Conn, _Bytes) -> erlang:nif_error(not_loaded).

%% After `heavy': the long computation, on a dirty scheduler.
-spec step_heavy(conn()) -> outs().
step_heavy(_Conn) -> erlang:nif_error(not_loaded).

%% After `ask'.
-spec answer(conn(), answer()) -> outs().
answer(_Conn, _Answer) -> erlang:nif_error(not_loaded).

%% The transport ended.
-spec close_transport(conn(), closed | {error, term()}) -> outs().
close_transport(_Conn, _How) -> erlang:nif_error(not_loaded).

%%--------------------------------------------------------------------------------------------------------------------
%% Sending: any process, one at a time by the connection's write lock
%%--------------------------------------------------------------------------------------------------------------------

%% Takes the write lock and seals. After `wait', `{ssl_native, Ref, go}' comes when it is the caller's turn.
%% renegotiate (TLS 1.2 and below): the key has been used long enough; the endpoint is to renegotiate before more is sent.
-spec send_begin(conn(), iodata()) -> {ok, binary()} | {wait, reference()} | renegotiate | {error, send_error()}.
send_begin(_Conn, _Data) -> erlang:nif_error(not_loaded).

%% Further data under the lock held. An error releases the lock.
-spec send_more(conn(), iodata()) -> {ok, binary()} | {error, send_error()}.
send_more(_Conn, _Data) -> erlang:nif_error(not_loaded).

%% All is written: gives the lock on. `flush': write these first, then call again.
-spec send_end(conn()) -> ok | {flush, binary()}.
send_end(_Conn) -> erlang:nif_error(not_loaded).

%% The transport did not take what was sealed: the write direction is at its end, the lock is released.
-spec send_failed(conn(), Reason :: term()) -> ok.
send_failed(_Conn, _Reason) -> erlang:nif_error(not_loaded).

%% Gives up waiting; if the turn has come meanwhile, the lock is given on (the message is then to be dropped).
-spec send_cancel(conn(), reference()) -> ok.
send_cancel(_Conn, _Ref) -> erlang:nif_error(not_loaded).

%% A control record, under the write lock like send_begin. After `wait' and `go': call control/2 again.
-spec control(conn(), close_notify | cancel | {alert, alert()} | {update_keys, RequestPeer :: boolean()}) ->
          {ok, binary()} | {wait, reference()} | {error, send_error()}.
control(_Conn, _What) -> erlang:nif_error(not_loaded).

%% Control records that wait. After `ok' the caller holds the write lock.
-spec flush(conn()) -> {ok, binary()} | none | {wait, reference()}.
flush(_Conn) -> erlang:nif_error(not_loaded).

%%--------------------------------------------------------------------------------------------------------------------
%% Receiving: any process, one at a time by the connection's read lock
%%--------------------------------------------------------------------------------------------------------------------

%% Data that is there, or the read lock, or a place in the queue for it. After `go': call recv_begin/2 again.
-spec recv_begin(conn(), Length :: non_neg_integer()) ->
          {ok, binary()} | read | {wait, reference()} | endpoint | {error, recv_error()}.
recv_begin(_Conn, _Length) -> erlang:nif_error(not_loaded).

%% What the transport gave, under the read lock. `ok' and `error' release it.
-spec recv_more(conn(), Length :: non_neg_integer(), Bytes :: iodata()) ->
          {ok, binary()} | {ok, binary(), [note()]} | read | {read, [note()]}
        | {error, recv_error()} | {error, recv_error(), [note()]}.
recv_more(_Conn, _Length, _Bytes) -> erlang:nif_error(not_loaded).

%% Releases the read lock without data; `closed' and `error' are what the transport said, and are remembered.
-spec recv_end(conn(), closed | timeout | {error, term()}) -> ok.
recv_end(_Conn, _Why) -> erlang:nif_error(not_loaded).

%% Gives up waiting; if the turn has come meanwhile, the lock is given on (the message is then to be dropped).
-spec recv_cancel(conn(), reference()) -> ok.
recv_cancel(_Conn, _Ref) -> erlang:nif_error(not_loaded).

%% The endpoint takes the read lock for active mode, or to read ahead for callers of recv, or gives it back. After `wait', `go'
%% means it has it (and asks for `ahead' again).
-spec reader(conn(), take | ahead | give) -> ok | {wait, reference()}.
reader(_Conn, _What) -> erlang:nif_error(not_loaded).

%% How received plaintext is cut; PacketSize 0 is no limit.
-spec packet(conn(), raw | 0 | 1 | 2 | 4, PacketSize :: non_neg_integer()) -> ok.
packet(_Conn, _Type, _PacketSize) -> erlang:nif_error(not_loaded).

%% One unit of buffered plaintext as the framing gives it; unframed at most Max bytes (0: all).
-spec pull(conn(), Max :: non_neg_integer()) -> {data, binary()} | none | {error, {invalid_packet, binary()}}.
pull(_Conn, _Max) -> erlang:nif_error(not_loaded).

%% What the transport gave after the peer's close_notify, not TLS any more; the endpoint only, once.
-spec rest(conn()) -> binary().
rest(_Conn) -> erlang:nif_error(not_loaded).

%%--------------------------------------------------------------------------------------------------------------------
%% Queries: any process
%%--------------------------------------------------------------------------------------------------------------------

%% What was negotiated; undefined before the handshake is over.
-spec info(conn()) -> info() | undefined.
info(_Conn) -> erlang:nif_error(not_loaded).

%% OTP's name of the state.
-spec state(conn()) -> atom().
state(_Conn) -> erlang:nif_error(not_loaded).

%% RFC 8446 section 7.5, RFC 5705.
-spec export(conn(), Label :: binary(), Context :: binary() | no_context, Length :: non_neg_integer()) ->
          {ok, binary()} | {error, atom()}.
export(_Conn, _Label, _Context, _Length) -> erlang:nif_error(not_loaded).

%% What must be known to resume the session (TLS 1.2 and before).
-spec session(conn()) -> {ok, binary()} | none.
session(_Conn) -> erlang:nif_error(not_loaded).

%% The master secret of a connection of TLS 1.2 or before.
%% TLS 1.2 and below: a client's ClientHello or a server's HelloRequest waits to be flushed. {event, {renegotiation, refused}} at once
%% when the connection cannot be renegotiated.
-spec renegotiate(conn()) -> outs().
renegotiate(_Conn) -> erlang:nif_error(not_loaded).

-spec master_secret(conn()) -> {ok, binary()} | none.
master_secret(_Conn) -> erlang:nif_error(not_loaded).

%% Live native objects and bytes.
-spec counters() -> #{conns := integer(), stores := integer(), credentials := integer(), configs := integer(),
                      bytes := integer()}.
counters() -> erlang:nif_error(not_loaded).
