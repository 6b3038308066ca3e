%% What of an exception may be shown: the kind and the place, without the values. They can hold keys, options and what the
%% peer sent, and crash reports, logs and exit reasons go far.
-module(ssl_fault).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([reason/1, stack/1]).

%% An exception's reason; of {badmatch, Value} and the like only the kind.
-spec reason(term()) -> term().
reason(Reason) when is_atom(Reason) -> Reason;
reason(Reason) when is_tuple(Reason), tuple_size(Reason) > 0, is_atom(element(1, Reason)) -> element(1, Reason);
reason(_) -> error.

%% A stack trace with arities in place of arguments.
-spec stack([tuple()]) -> [tuple()].
stack(Stack) -> [arity(Entry) || Entry <- Stack].

arity({Module, Function, Arguments, Location}) when is_list(Arguments) ->
    {Module, Function, length(Arguments), proplists:delete(error_info, Location)};
arity(Entry) ->
    Entry.
