%% Where scenes differ from stock ssl on purpose, and why: rules by name and by what both said. Each is as narrow as its reason.
-module(scenes_explained).
-export([reason/3]).

%% The reason as a list of one text, or none.
reason(Name, Stock, Own) ->
    case [Reason || {Reason, Rule} <- rules(), Rule(Name, Stock, Own)] of
        [First | _] -> [First];
        [] -> []
    end.

rules() ->
    [{"stock gives no answer at all",
      parts(fun(hangs, Own) -> Own =/= hangs; (_, _) -> false end)},
     {"stock gives no answer, and then takes what was asked for an unexpected message",
      named([call, shaking], parts(fun(hangs, _) -> true;
                                      ({error, {tls_alert, Alert}}, {error, closed}) -> Alert =:= unexpected_message orelse Alert =:= internal_error;
                                      (_, _) -> false
                                   end))},
     {"stock's process crashes, or the caller does: the process that was asked is gone",
      parts(fun({'EXIT', {exit, {{{bad_action_from_state_function, _}, _}, _}}}, Own) -> is_answer(Own);
               ({'EXIT', {exit, {noproc, _}}}, Own) -> is_answer(Own);
               ({error, {options, {socket_options, What, {noproc, _}}}}, {error, {options, {socket_options, What, einval}}}) -> true;
               ({error, {options, {socket_options, What, {badmatch, {error, einval}}}}}, {error, {options, {socket_options, What, einval}}}) -> true;
               (_, _) -> false
            end)},
     {"stock checks the options before it looks at what they are given for",
      fun(Name, Stock, Own) ->
              lists:last(tuple_to_list(Name)) =:= handshake_options andalso
                  (parts(fun({error, {options, {certs_keys, cert_and_key_required}}}, {'EXIT', function_clause}) -> true;
                            ({error, {options, {certs_keys, cert_and_key_required}}}, {error, R}) -> R =:= closed orelse R =:= einval;
                            ({'EXIT', function_clause}, {error, {options, {certs_keys, cert_and_key_required}}}) -> true;
                            (_, _) -> false
                         end))(Name, Stock, Own)
      end},
     {"the way of a shutdown that is none is refused; stock's process crashes",
      fun({call, _, _, shutdown_bad}, Stock, Own) ->
              differ(fun({'EXIT', {exit, {function_clause, _}}}, {error, einval}) -> true;
                        ({error, closed}, {error, einval}) -> true;
                        (_, _) -> false
                     end, Stock, Own);
         (_, _, _) -> false
      end},
     {"before TLS 1.3 there is no update of keys; stock's process crashes",
      fun({call, _, _, update_keys}, Stock, Own) ->
              differ(fun({'EXIT', {exit, {function_clause, _}}}, O) -> O =:= {error, not_supported} orelse O =:= {error, closed}; (_, _) -> false end,
                     Stock, Own);
         (_, _, _) -> false
      end},
     {"before TLS 1.3 a close_notify is answered at once (RFC 5246 section 7.2.1), also when nobody receives",
      fun(Name, Stock, Own) ->
              lists:member(Name, [{D, R, N} || D <- [down], R <- [client, server], N <- [peer_does_not]] ++
                               [{call, R, E, downgrade} || R <- [client, server], E <- [open, timed_out]])
                  andalso differ(fun({error, timeout}, {ok, port}) -> true; (_, _) -> false end, Stock, Own)
      end},
     {"a connection that is accepted only can be closed here; with stock it stays until its owner dies",
      named([call, accepted], parts(fun({error, notsup_on_transport_accept_socket}, Own) -> Own =:= ok orelse Own =:= {error, closed};
                                       (_, _) -> false
                                    end))},
     {"after a failed handshake the transport is closed here; with stock its process hangs, and holds it",
      named([call, failed], parts(fun({ok, _}, {error, einval}) -> true; (_, _) -> false end))},
     {"close_notify follows user_canceled (RFC 8446 section 6.1)",
      fun({start, Who}, [{ok, <<Canceled:7/binary>>}], [{ok, <<Canceled:7/binary, 21, 3, 3, 2:16, 1, 0>>}]) ->
              Who =:= owner_dies_accepted orelse Who =:= owner_dies_in_handshake;
         (_, _, _) -> false
      end},
     {"nothing follows a close_notify (RFC 8446 section 6.1), also when the owner dies while he waits for the peer's",
      fun({down, _, owner_dies}, [{error, {tls_alert, user_canceled}}], [{error, closed}]) -> true; (_, _, _) -> false end},
     {"with {exit_on_close, false}, too, who receives is told of the peer's end; stock lets him wait",
      fun({half, _, {stay, false}}, Stock, Own) -> differ(fun({error, timeout}, {error, closed}) -> true; (_, _) -> false end, Stock, Own);
         (_, _, _) -> false
      end},
     {"a second shutdown: with stock it depends on the peer, who may have closed meanwhile",
      fun({half, _, {shut_after_shut, _, _}}, Stock, Own) -> differ(fun(S, O) -> is_shut(S) andalso is_shut(O) end, Stock, Own);
         (_, _, _) -> false
      end},
     {"negative sizes are refused",
      fun({opts, _, {set, [{Name, -1} = Option]}}, [[ok, {ok, Set}], []], [[{error, {options, {socket_options, Option}}}, {ok, Old}], []]) ->
              lists:member(Option, Set) andalso lists:keyreplace(Name, 1, Set, {Name, 0}) =:= Old;
         (_, _, _) -> false
      end},
     {"downgrade when the peer's close_notify is there, or the transport gone: stock waits in vain",
      fun({call, _, End, downgrade}, Stock, Own) ->
              lists:member(End, [peer_shut, shut_both, shut_read, shut_write, torn]) andalso
                  differ(fun({error, timeout}, O) -> O =:= {ok, port} orelse O =:= {error, closed}; (_, _) -> false end, Stock, Own);
         (_, _, _) -> false
      end},
     {"a process linked to a connection's outlives it: it ends later, when the peer has said goodbye, and stock's at once",
      fun({owner, _, linked_by_user}, [_, false, hangs], [ok, true, _]) -> true; (_, _, _) -> false end},
     {"a socket that is closed, or another's: stock has one answer for whatever fails there",
      fun({up, Name}, Stock, Own) ->
              (Name =:= closed orelse Name =:= not_owner) andalso
                  differ(fun({error, {dtls_upgrade, notsup}}, O) -> O =:= {error, einval} orelse O =:= {error, not_owner}; (_, _) -> false end,
                         Stock, Own);
         (_, _, _) -> false
      end}].

%% For scenes whose name begins so.
named(Prefix, Rule) ->
    fun(Name, Stock, Own) -> lists:prefix(Prefix, tuple_to_list(Name)) andalso Rule(Name, Stock, Own) end.

%% What both said differs only in parts that are explained.
parts(Explained) ->
    fun(_, Stock, Own) -> differ(Explained, Stock, Own) end.

differ(_, Same, Same) -> true;
differ(Explained, [_ | _] = Stock, [_ | _] = Own) when length(Stock) =:= length(Own) ->
    lists:all(fun({S, O}) -> differ(Explained, S, O) end, lists:zip(Stock, Own));
differ(Explained, Stock, Own) ->
    Explained(Stock, Own).

is_answer(ok) -> true;
is_answer({ok, _}) -> true;
is_answer({error, _}) -> true;
is_answer(_) -> false.

is_shut(Answer) -> Answer =:= ok orelse lists:member(Answer, [{error, R} || R <- [closed, einval, enotconn]]).
