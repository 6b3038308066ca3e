%% Of the process of a connection: what the native half gives - bytes to write, data, questions (which ssl_verdict answers),
%% events, the end - and what the state becomes by it.
-module(ssl_endpoint_events).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([outs/2, happened/2, by_name/3, debug/1, renegotiated/2, end_session/1]).

-include("ssl_endpoint.hrl").

%% With log_level at debug the native half gives messages and records out.
-spec debug(data()) -> ok.
debug(#data{conn = Conn, options = Options}) ->
    ssl_log:allows(maps:get(log_level, Options, notice), debug) andalso ssl_native:trace(Conn, true),
    ok.

-spec outs(ssl_native:outs() | [ssl_native:note()], data()) -> data().
outs([], S) ->
    S;
outs([{data, Data} | Rest], S) ->
    outs(Rest, data(Data, S));
outs([{send, Bytes} | Rest], S) ->
    outs(Rest, ssl_endpoint_writing:write(Bytes, S));
outs([{event, Event} | Rest], S) ->
    outs(Rest, happened(Event, S));
outs([flush | Rest], S) ->
    outs(Rest, ssl_endpoint_writing:flush(S));
outs([ahead | Rest], S) ->
    outs(Rest, ssl_endpoint_reading:read_ahead(S));
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
-spec by_name(ssl_native:query(), term(), data()) -> data().
by_name({client_hello, _}, Ctx, #data{options = Old} = S) ->
    case ssl_verdict:options(Ctx) of
        undefined ->
            S;
        #{given := {_, _, More}} = Parsed ->
            {Role, Host, Given} = maps:get(given, Old),
            New = S#data{options = maps:merge(Old, (ssl_endpoint:kept_options(Parsed))#{given => {Role, Host, More ++ Given}})},
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

-spec happened(ssl_native:event(), data()) -> data().
happened({connected, #{version := ?TLS13}}, #data{hs = Hs} = S) ->
    S#data{hs = Hs#hs{done = true}};
happened({connected, Info}, #data{hs = #hs{ctx = Ctx} = Hs} = S) ->
    new_session(Info, S#data{hs = Hs#hs{done = true}, ctx = Ctx});
happened({session, Session}, S) ->
    S#data{session = Session};
happened({renegotiated, Info}, S) ->
    renegotiated(ok, new_session(Info, S));
happened({renegotiation, refused}, S) ->
    renegotiated({error, renegotiation_rejected}, S);
happened(closed, S) ->
    S#data{ended = closed};
happened({trace, _, _, _, _} = Item, S) ->
    ok = ssl_log:trace(Item),
    S;
happened({warning, Alert}, #data{role = Role, conn = Conn, options = Options} = S) ->
    Warning = #{origin => peer, level => warning, alert => Alert, state => ssl_native:state(Conn), cause => <<>>},
    ssl_alert_text:log(Role, Warning, ?PROTOCOL, maps:get(log_level, Options, notice)),
    S;
happened({key_log, <<"EXPORTER_SECRET">>, _, _}, S) ->
    %% Not among the items that OTP has.
    S;
happened({key_log, Label, Random, Secret}, S) ->
    ssl_endpoint_key_log:key_log(ssl_endpoint_key_log:line(Label, Random, Secret), Random, S);
happened(_, S) ->
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

-spec renegotiated(ok | {error, term()}, data()) -> data().
renegotiated(_, #data{renegotiation = no} = S) ->
    S;
renegotiated({error, renegotiation_rejected}, #data{renegotiation = {internal, Waiting}} = S) ->
    %% As OTP has it: without new keys nothing more is sent.
    gen_statem:reply([{reply, From, {error, closed}} || From <- Waiting]),
    Fatal = #{origin => peer, alert => ?NO_RENEGOTIATION, state => connection, cause => <<>>},
    S#data{renegotiation = no, ended = {fatal, Fatal}};
renegotiated(Result, #data{renegotiation = {internal, Waiting}} = S) ->
    gen_statem:reply([{reply, From, Result} || From <- Waiting]),
    S#data{renegotiation = no};
renegotiated(Result, #data{renegotiation = From} = S) ->
    gen_statem:reply(From, Result),
    S#data{renegotiation = no}.

%% The session of a connection that ends with an alert ends, too: the one that was resumed or made, or offered at least.
-spec end_session(data()) -> ok.
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
    ssl_endpoint_delivery:take_over_cutting(Data, S);
data(Data, #data{cooked = no} = S) ->
    ssl_endpoint_delivery:deliver(Data, S);
data(Data, #data{cooked = Kept} = S) ->
    S#data{cooked = <<Kept/binary, Data/binary>>}.
