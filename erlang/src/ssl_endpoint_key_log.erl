%% Of the process of a connection: secrets that the user asked for (`keep_secrets`), as lines of an NSS key log, and when they
%% are given out.
-module(ssl_endpoint_key_log).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([line/3, key_log/3, connected/1, handshake_failed/3, failed/1]).

-include("ssl_endpoint.hrl").

-spec line(binary(), binary(), binary()) -> string().
line(Label, Random, Secret) ->
    binary_to_list(iolist_to_binary([Label, $\s, hex(Random), $\s, hex(Secret)])).

hex(Binary) ->
    [<<(digit(N))>> || <<N:4>> <= Binary].

digit(N) when N < 10 -> $0 + N;
digit(N) -> $A + N - 10.

-spec key_log(string(), binary(), data()) -> data().
key_log(Line, Random, #data{hs = #hs{key_log = Lines} = Hs} = S) ->
    S#data{hs = Hs#hs{key_log = [Line | Lines], random = Random}};
key_log(Line, Random, #data{options = #{keep_secrets := {keylog, Fun}}} = S) ->
    call(Fun, [Line], Random),
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
-spec connected(data()) -> data().
connected(#data{hs = #hs{key_log = Reversed, random = Random}, options = Options} = S) ->
    Lines = lists:reverse(Reversed),
    case Options of
        #{keep_secrets := {keylog, Fun}} ->
            {Traffic, Handshake} = lists:partition(fun is_traffic/1, Lines),
            lists:foreach(fun(Items) -> call(Fun, Items, Random) end, [Handshake | [[L] || L <- Traffic]]),
            S;
        #{keep_secrets := true} -> S#data{key_log = Lines};
        #{keep_secrets := {keylog_hs, _}} when S#data.role =:= client -> S#data{key_log = Lines};
        _ -> S
    end.

%% keylog_hs: the secrets that were in use when the handshake failed. A client has begun to use those of the traffic when it
%% is connected (failed/1), a server uses its own before that.
-spec handshake_failed(client | server, #hs{} | undefined, map()) -> ok.
handshake_failed(Role, #hs{key_log = [_ | _] = Reversed, random = Random}, #{keep_secrets := {keylog_hs, Fun}}) ->
    Unused = case Role of
                 client -> "_TRAFFIC_SECRET_0";
                 server -> "CLIENT_TRAFFIC_SECRET_0"
             end,
    call(Fun, [Line || Line <- lists:reverse(Reversed), not in_name(Unused, Line)], Random);
handshake_failed(_, _, _) ->
    ok.

in_name(Part, Line) ->
    [Name | _] = string:split(Line, " "),
    lists:suffix(Part, Name).

%% The same for a client whose server refuses the end of the handshake.
-spec failed(data()) -> ok.
failed(#data{role = client, conn = Conn, key_log = [_ | _] = Lines, options = #{keep_secrets := {keylog_hs, Fun}}}) ->
    case ssl_native:info(Conn) of
        #{client_random := Random} -> call(Fun, Lines, Random);
        _ -> ok
    end;
failed(_) ->
    ok.

%% A user's fun; its arguments never reach the log.
call(Fun, Lines, Random) ->
    try Fun(#{items => Lines, client_random => Random}) of
        _ -> ok
    catch
        Class:Reason ->
            ssl_log:warning("user keylogging fun failed : ~p ~p",
                            [Class, case Reason of function_clause -> Reason; _ -> failed end])
    end.
