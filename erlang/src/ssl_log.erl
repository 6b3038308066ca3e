%% What goes to the logger, in OTP's form: alerts and notices (a report with a callback that makes the text), faults of the
%% user's funs, and, with the option `log_level` at debug, each handshake message and record.
%%
%% As with OTP's ssl these debug events have the domain [otp, ssl, handshake | record] and are printed by a handler of their
%% own, `ssl_handler`, which the application adds when it starts; its formatter is this module. Everything else has no domain
%% and goes where other log entries go.
-module(ssl_log).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([start/0, stop/0]).
-export([allows/2, report/4, notice/3, failure/2, warning/2, trace/1]).
-export([format/1, format/2]).

-include_lib("kernel/include/logger.hrl").

-define(HANDLER, ssl_handler).
%% Terms in texts are cut there.
-define(DEPTH, 20).

-type level() :: logger:level() | all | none.

%%--------------------------------------------------------------------------------------------------------------------
%% The handler
%%--------------------------------------------------------------------------------------------------------------------

-spec start() -> ok.
start() ->
    Config = #{level => debug,
               filter_default => stop,
               filters => [{filter_non_ssl, {fun logger_filters:domain/2, {log, sub, [otp, ssl]}}}],
               formatter => {?MODULE, #{}}},
    %% OTP's own may be there: beside it everything would be printed twice, and it cannot print what is ours.
    _ = logger:remove_handler(?HANDLER),
    _ = logger:add_handler(?HANDLER, logger_std_h, Config),
    ok = logger:set_module_level([?MODULE], debug).

-spec stop() -> ok.
stop() ->
    _ = logger:remove_handler(?HANDLER),
    logger:unset_module_level([?MODULE]).

%%--------------------------------------------------------------------------------------------------------------------
%% Logging
%%--------------------------------------------------------------------------------------------------------------------

%% Does the option `log_level` let an entry of this level through?
-spec allows(level(), logger:level()) -> boolean().
allows(LogLevel, Level) ->
    logger:compare_levels(LogLevel, Level) =/= gt.

%% A report; the callback makes its text.
-spec report(logger:level(), level(), map(), fun((map()) -> {io:format(), [term()]})) -> ok.
report(Level, LogLevel, Report, Callback) ->
    case allows(LogLevel, Level) of
        true ->
            Place = #{mfa => {?MODULE, ?FUNCTION_NAME, ?FUNCTION_ARITY}, file => ?FILE, line => ?LINE},
            logger:log(Level, maps:merge(Report, Place), Place#{depth => ?DEPTH, report_cb => Callback});
        false ->
            ok
    end.

%% Something that the user should know of the options.
-spec notice(level(), string(), string()) -> ok.
notice(LogLevel, Description, Reason) ->
    report(notice, LogLevel, #{description => Description, reason => Reason}, fun ?MODULE:format/1).

%% The user's funs or options made a connection fail.
-spec failure(io:format(), [term()]) -> ok.
failure(Format, Args) ->
    ?LOG_ERROR(Format, Args).

-spec warning(io:format(), [term()]) -> ok.
warning(Format, Args) ->
    ?LOG_WARNING(Format, Args).

%% A message or record, as the native half gives them.
-spec trace(ssl_native:traced()) -> ok.
trace({trace, Direction, Kind, Title, Body}) ->
    ?LOG_DEBUG(#{direction => Direction, protocol => Kind, title => Title, message => Body},
               #{domain => [otp, ssl, Kind]}).

%%--------------------------------------------------------------------------------------------------------------------
%% Texts
%%--------------------------------------------------------------------------------------------------------------------

%% report_cb of notices.
-spec format(logger:report()) -> {io:format(), [term()]}.
format(#{description := Description, reason := Reason} = Report) ->
    Place = case Report of
                #{file := File, line := Line} -> io_lib:format("~12s ~s:~w~n", ["Location:", File, Line]);
                #{} -> ""
            end,
    {"~12s ~p~n~12s ~p~n~ts", ["Description:", Description, "Reason:", Reason, Place]}.

%% Formatter of the handler.
-spec format(logger:log_event(), logger:formatter_config()) -> unicode:chardata().
format(#{msg := {report, #{direction := Direction, protocol := handshake, title := Title, message := Text}}}, _) ->
    [case Direction of inbound -> "<<< "; outbound -> ">>> " end, Title, $\n, Text, $\n];
format(#{msg := {report, #{direction := Direction, protocol := record, title := Title, message := Bytes}}}, _) ->
    [case Direction of inbound -> "reading"; outbound -> "writing" end,
     " (", integer_to_list(byte_size(Bytes)), " bytes) ", Title, $\n, dump(Bytes, 0), $\n];
format(Event, Config) ->
    logger_formatter:format(Event, Config).

%% 0000 - 16 03 01 ...    sixteen bytes a line, then what of them can be printed
dump(<<>>, _) ->
    [];
dump(Bytes, At) ->
    {Row, Rest} = case Bytes of
                      <<Sixteen:16/binary, More/binary>> -> {Sixteen, More};
                      _ -> {Bytes, <<>>}
                  end,
    [io_lib:format("~4.16.0b - ~-49s ~s~n", [At, hex(Row), [printable(C) || <<C>> <= Row]]) | dump(Rest, At + 16)].

hex(<<Half:8/binary, Rest/binary>>) when Rest =/= <<>> -> [pairs(Half), " ", pairs(Rest)];
hex(Row) -> pairs(Row).

pairs(Bytes) -> [io_lib:format("~2.16.0b ", [B]) || <<B>> <= Bytes].

printable(C) when C >= $\s, C =< $~ -> C;
printable(_) -> $..
