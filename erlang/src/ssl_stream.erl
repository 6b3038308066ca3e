%% The data path in the caller's process: send, passive recv, key updates.
%%
%% A connection has two logical locks in the native half, one to write and one to read (docs/architecture.md). A caller takes
%% the lock, lets the native half seal or open, and does the transport's IO itself; nothing is copied between processes, and the
%% order on the wire is the order of sealing. A reader never waits for a writer: what reading makes necessary to write (answers
%% to KeyUpdate, alerts) is left for the endpoint.
%%
%% What a caller has to know of the options stands in the connection's word (ssl_native:word/1), written by the endpoint only.
-module(ssl_stream).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([send/5, recv/6, update_keys/5, flush/3]).
-export([word/5, closed_word/1, is_closed/1, format/2]).

-define(TLS_1_3, 16#0304).
%% At most this much plaintext is sealed in one go; the contract's limit.
-define(PIECE, 262144).

%%--------------------------------------------------------------------------------------------------------------------
%% The word: bit 0 mode is binary; bits 1 to 3 size of the header that `packet` puts before what is sent; bit 4 the
%% connection is closed; bit 5 the endpoint has what is to be read next; bit 6 nothing more may be sent; from bit 8 the option
%% `header`.
%%--------------------------------------------------------------------------------------------------------------------

-spec word(list | binary, Packet :: term(), Header :: non_neg_integer(), AtEndpoint :: boolean(), Shut :: boolean()) ->
          non_neg_integer().
word(Mode, Packet, Header, AtEndpoint, Shut) ->
    M = case Mode of binary -> 1; list -> 0 end,
    P = case Packet of
            N when N =:= 1; N =:= 2; N =:= 4 -> N;
            _ -> 0
        end,
    E = case AtEndpoint of true -> 32; false -> 0 end,
    X = case Shut of true -> 64; false -> 0 end,
    M bor (P bsl 1) bor E bor X bor (max(Header, 0) bsl 8).

-spec closed_word(non_neg_integer()) -> non_neg_integer().
closed_word(Word) -> Word bor 16.

%% Did the user close it, or is it at its end?
-spec is_closed(ssl_native:conn()) -> boolean().
is_closed(Conn) -> ssl_native:word(Conn) band 16 =/= 0.

-define(IS_CLOSED(Word), (Word band 16 =/= 0)).
-define(IS_SHUT(Word), (Word band (16 bor 64) =/= 0)).
-define(IS_AT_ENDPOINT(Word), (Word band 32 =/= 0)).
-define(SEND_HEADER(Word), ((Word bsr 1) band 7)).

%% Data as the options mode and header give it to the user.
-spec format(binary(), Word :: non_neg_integer()) -> binary() | [byte() | binary()].
format(Data, Word) when Word band 1 =:= 0 -> binary_to_list(Data);
format(Data, Word) when Word < 256 -> Data;
format(Data, Word) -> header(Word bsr 8, Data).

%% As inet does: the first N bytes as a list, the rest as its tail.
header(0, Data) -> Data;
header(_, <<>>) -> [];
header(N, <<Byte, Rest/binary>>) -> [Byte | header(N - 1, Rest)].

%%--------------------------------------------------------------------------------------------------------------------
%% Sending
%%--------------------------------------------------------------------------------------------------------------------

-spec send(ssl_native:conn(), pid(), module(), Socket :: term(), iodata()) -> ok | {error, term()}.
send(Conn, Endpoint, Transport, Socket, Data) ->
    Word = ssl_native:word(Conn),
    if
        ?IS_SHUT(Word) ->
            {error, closed};
        true ->
            try framed(?SEND_HEADER(Word), Data, iolist_size(Data)) of
                {error, _} = Error -> Error;
                {_, 0} -> nothing(Endpoint);
                {Framed, Size} when Size =< ?PIECE -> begin_send(Conn, Endpoint, Transport, Socket, Framed, []);
                {Framed, _} ->
                    {Piece, More} = cut(erlang:iolist_to_iovec(Framed), ?PIECE, []),
                    begin_send(Conn, Endpoint, Transport, Socket, Piece, More)
            catch
                error:badarg -> {error, closed}    % no iodata; OTP answers so
            end
    end.

%% Sending nothing writes nothing; it fails as anything on a connection that is gone.
nothing(Endpoint) ->
    case is_process_alive(Endpoint) of
        true -> ok;
        false -> {error, closed}
    end.

framed(0, Data, Size) ->
    {Data, Size};
framed(Header, Data, Size) when Size < (1 bsl (Header * 8)) ->
    {[<<Size:Header/unit:8>> | Data], Size + Header};
framed(Header, _, Size) ->
    {error, {badarg, {packet_to_large, Size, (1 bsl (Header * 8)) - 1}}}.

%% The first Room bytes of an io vector, and the rest.
cut([], _, Acc) ->
    {lists:reverse(Acc), []};
cut([Binary | Rest], Room, Acc) when byte_size(Binary) < Room ->
    cut(Rest, Room - byte_size(Binary), [Binary | Acc]);
cut([Binary | Rest], Room, Acc) ->
    <<Head:Room/binary, Tail/binary>> = Binary,
    {lists:reverse([Head | Acc]), case Tail of <<>> -> Rest; _ -> [Tail | Rest] end}.

begin_send(Conn, Endpoint, Transport, Socket, Piece, More) ->
    case ssl_native:send_begin(Conn, Piece) of
        {ok, Bytes} ->
            write(Conn, Endpoint, Transport, Socket, Bytes, More);
        {wait, Ref} ->
            await(Ref),
            next_piece(Conn, Endpoint, Transport, Socket, Piece, More);
        renegotiate ->
            case ssl_endpoint:call(Endpoint, new_keys) of
                ok -> begin_send(Conn, Endpoint, Transport, Socket, Piece, More);
                {error, _} = Error -> Error
            end;
        {error, not_connected} ->
            case ssl_endpoint:await(Endpoint, infinity) of
                ok -> begin_send(Conn, Endpoint, Transport, Socket, Piece, More);
                {error, _} = Error -> Error
            end;
        {error, _} ->
            {error, closed}
    end.

await(Ref) ->
    receive {ssl_native, Ref, go} -> ok end.

next_piece(Conn, Endpoint, Transport, Socket, Piece, More) ->
    case ssl_native:send_more(Conn, Piece) of
        {ok, Bytes} -> write(Conn, Endpoint, Transport, Socket, Bytes, More);
        {error, _} -> {error, closed}
    end.

write(Conn, Endpoint, Transport, Socket, Bytes, More) ->
    case ssl_transport:send(Transport, Socket, Bytes) of
        ok when More =:= [] ->
            finish(Conn, Endpoint, Transport, Socket);
        ok ->
            {Piece, Rest} = cut(More, ?PIECE, []),
            next_piece(Conn, Endpoint, Transport, Socket, Piece, Rest);
        {error, Reason} ->
            failed(Conn, Endpoint, Reason)
    end.

%% Gives the lock on; control records that came up meanwhile go out first.
finish(Conn, Endpoint, Transport, Socket) ->
    case ssl_native:send_end(Conn) of
        ok -> ok;
        {flush, Bytes} ->
            case ssl_transport:send(Transport, Socket, Bytes) of
                ok -> finish(Conn, Endpoint, Transport, Socket);
                {error, Reason} -> failed(Conn, Endpoint, Reason)
            end
    end.

%% What was sealed did not go out whole: this direction is at its end. What the peer sent before can still be read.
failed(Conn, Endpoint, Reason) ->
    ok = ssl_native:send_failed(Conn, Reason),
    ssl_endpoint:notify(Endpoint, {write_failed, Reason}),
    case ssl_transport:is_closed(Reason) of
        true -> {error, closed};
        false -> {error, Reason}
    end.

%% New keys for what we write; read_write also asks the peer for new ones.
-spec update_keys(ssl_native:conn(), pid(), module(), Socket :: term(), write | read_write) -> ok | {error, term()}.
update_keys(Conn, Endpoint, Transport, Socket, Type) ->
    case ?IS_SHUT(ssl_native:word(Conn)) of
        true -> {error, closed};
        false ->
            case control(Conn, Endpoint, Transport, Socket, {update_keys, Type =:= read_write}) of
                {error, closed} = Error ->
                    %% Before TLS 1.3 there is no such thing.
                    case ssl_native:info(Conn) of
                        #{version := Version} when Version < ?TLS_1_3 -> {error, not_supported};
                        _ -> Error
                    end;
                Result -> Result
            end
    end.

control(Conn, Endpoint, Transport, Socket, What) ->
    case ssl_native:control(Conn, What) of
        {ok, Bytes} -> write(Conn, Endpoint, Transport, Socket, Bytes, []);
        {wait, Ref} -> await(Ref), control(Conn, Endpoint, Transport, Socket, What);
        {error, not_connected} ->
            case ssl_endpoint:await(Endpoint, infinity) of
                ok -> control(Conn, Endpoint, Transport, Socket, What);
                {error, _} = Error -> Error
            end;
        {error, _} -> {error, closed}
    end.

%% Writes control records that wait, if nobody else is writing (who is, writes them when done).
-spec flush(ssl_native:conn(), module(), Socket :: term()) -> ok | {error, term()}.
flush(Conn, Transport, Socket) ->
    case ssl_native:flush(Conn) of
        none -> ok;
        {wait, Ref} ->
            ok = ssl_native:send_cancel(Conn, Ref),
            receive {ssl_native, Ref, go} -> ok after 0 -> ok end;
        {ok, Bytes} -> flush(Conn, Transport, Socket, Bytes)
    end.

flush(Conn, Transport, Socket, Bytes) ->
    case ssl_transport:send(Transport, Socket, Bytes) of
        ok ->
            case ssl_native:send_end(Conn) of
                ok -> ok;
                {flush, More} -> flush(Conn, Transport, Socket, More)
            end;
        {error, Reason} = Error ->
            ok = ssl_native:send_failed(Conn, Reason),
            Error
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Receiving
%%--------------------------------------------------------------------------------------------------------------------

-spec recv(ssl_native:conn(), pid(), module(), Socket :: term(), non_neg_integer(), timeout()) ->
          {ok, term()} | {error, term()}.
recv(Conn, Endpoint, Transport, Socket, Length, infinity) ->
    receive_(Conn, Endpoint, Transport, Socket, Length, infinity);
recv(Conn, Endpoint, Transport, Socket, Length, Timeout) ->
    receive_(Conn, Endpoint, Transport, Socket, Length, erlang:monotonic_time(millisecond) + Timeout).

receive_(Conn, Endpoint, Transport, Socket, Length, Deadline) ->
    Word = ssl_native:word(Conn),
    if
        ?IS_CLOSED(Word) ->
            {error, closed};
        ?IS_AT_ENDPOINT(Word) ->
            at_endpoint(Conn, Endpoint, Transport, Socket, Length, Deadline);
        true ->
            case ssl_native:recv_begin(Conn, Length) of
                {ok, Data} ->
                    {ok, format(Data, Word)};
                read ->
                    read(Conn, Endpoint, Transport, Socket, Length, Deadline);
                {wait, Ref} ->
                    receive
                        {ssl_native, Ref, go} ->
                            receive_(Conn, Endpoint, Transport, Socket, Length, Deadline)
                    after left(Deadline) ->
                            ok = ssl_native:recv_cancel(Conn, Ref),
                            receive {ssl_native, Ref, go} -> ok after 0 -> ok end,
                            {error, timeout}
                    end;
                endpoint ->
                    at_endpoint(Conn, Endpoint, Transport, Socket, Length, Deadline);
                {error, not_connected} ->
                    case ssl_endpoint:await(Endpoint, left(Deadline)) of
                        ok -> receive_(Conn, Endpoint, Transport, Socket, Length, Deadline);
                        {error, _} = Error -> Error
                    end;
                {error, Reason} ->
                    ended(Endpoint, Reason)
            end
    end.

%% The endpoint gives what it has, or the read lock.
at_endpoint(Conn, Endpoint, Transport, Socket, Length, Deadline) ->
    case ssl_endpoint:recv(Endpoint, Length, left(Deadline)) of
        retry -> receive_(Conn, Endpoint, Transport, Socket, Length, Deadline);
        Result -> Result
    end.

left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).

%% We hold the read lock.
read(Conn, Endpoint, Transport, Socket, Length, Deadline) ->
    case ssl_transport:recv(Transport, Socket, 0, left(Deadline)) of
        {ok, Bytes} ->
            decrypt(Conn, Endpoint, Transport, Socket, Length, Deadline, Bytes);
        {error, timeout} ->
            ok = ssl_native:recv_end(Conn, timeout),
            {error, timeout};
        {error, Reason} ->
            ok = ssl_native:recv_end(Conn, case ssl_transport:is_closed(Reason) of true -> closed; false -> {error, Reason} end),
            ended(Endpoint, closed)
    end.

decrypt(Conn, Endpoint, Transport, Socket, Length, Deadline, Bytes) ->
    case ssl_native:recv_more(Conn, Length, Bytes) of
        {ok, Data} ->
            {ok, format(Data, ssl_native:word(Conn))};
        read ->
            read(Conn, Endpoint, Transport, Socket, Length, Deadline);
        {ok, Data, Notes} ->
            ssl_endpoint:notify(Endpoint, {notes, Notes}),
            {ok, format(Data, ssl_native:word(Conn))};
        {read, Notes} ->
            case asks(lists:last(Notes)) of
                true ->
                    %% A renegotiation has a question: nothing that follows can be read before the answer.
                    case ssl_endpoint:call(Endpoint, {served, Notes}) of
                        ok ->
                            decrypt(Conn, Endpoint, Transport, Socket, Length, Deadline, <<>>);
                        {fatal, _} = Fatal ->
                            ok = ssl_native:recv_end(Conn, closed),
                            ended(Endpoint, Fatal);
                        {error, closed} = Error ->
                            Error
                    end;
                false ->
                    ssl_endpoint:notify(Endpoint, {notes, Notes}),
                    read(Conn, Endpoint, Transport, Socket, Length, Deadline)
            end;
        {error, Reason} ->
            ended(Endpoint, Reason);
        {error, Reason, Notes} ->
            ssl_endpoint:notify(Endpoint, {notes, Notes}),
            ended(Endpoint, Reason)
    end.

asks({ask, _}) -> true;
asks(heavy) -> true;
asks(_) -> false.

%% The stream is at its end: the endpoint closes it and, for an alert, gives its text.
ended(Endpoint, {fatal, Fatal}) ->
    ssl_endpoint:failed(Endpoint, Fatal);
ended(Endpoint, {invalid_packet, Data}) ->
    ssl_endpoint:invalid_packet(Endpoint, Data);
ended(Endpoint, _) ->
    ssl_endpoint:ended(Endpoint).
