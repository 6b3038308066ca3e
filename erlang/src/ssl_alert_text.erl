%% Alerts (RFC 8446 section 6, RFC 5246 section 7.2, IANA's registry) as terms for programs, texts for people and entries
%% of the log; and format_error/1.
%%
%% A reason is `{tls_alert, {Atom, Text}}`: programs match the atom, people read the text. close_notify is `closed`.
-module(ssl_alert_text).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([reason/3, log/4, report/1, name/1, code/1, format_error/1]).

-export_type([fatal/0]).

%% As ssl_native:fatal(), with details where a decision of the Erlang side led to it.
%% Warnings, which end nothing, have their level.
-type fatal() :: #{origin := local | peer, alert := 0..255, state := atom(), cause := binary(), details => term(),
                   level => warning}.

%% How deep the details of a reason are printed, as OTP does.
-define(DEPTH, 20).

%% Code, name, title
table() ->
    [{0, close_notify, "Close Notify"},
     {10, unexpected_message, "Unexpected Message"},
     {20, bad_record_mac, "Bad Record MAC"},
     {21, decryption_failed_reserved, "Decryption Failed Reserved"},
     {22, record_overflow, "Record Overflow"},
     {40, handshake_failure, "Handshake Failure"},
     {41, no_certificate_reserved, "No Certificate Reserved"},
     {42, bad_certificate, "Bad Certificate"},
     {43, unsupported_certificate, "Unsupported Certificate"},
     {44, certificate_revoked, "Certificate Revoked"},
     {45, certificate_expired, "Certificate Expired"},
     {46, certificate_unknown, "Certificate Unknown"},
     {47, illegal_parameter, "Illegal Parameter"},
     {48, unknown_ca, "Unknown CA"},
     {49, access_denied, "Access Denied"},
     {50, decode_error, "Decode Error"},
     {51, decrypt_error, "Decrypt Error"},
     {60, export_restriction, "Export Restriction"},
     {70, protocol_version, "Protocol Version"},
     {71, insufficient_security, "Insufficient Security"},
     {80, internal_error, "Internal Error"},
     {86, inappropriate_fallback, "Inappropriate Fallback"},
     {90, user_canceled, "User Canceled"},
     {100, no_renegotiation, "No Renegotiation"},
     {109, missing_extension, "Missing Extension"},
     {110, unsupported_extension, "Unsupported Extension"},
     {111, certificate_unobtainable, "Certificate Unobtainable"},
     {112, unrecognized_name, "Unrecognized Name"},
     {113, bad_certificate_status_response, "Bad Certificate Status Response"},
     {114, bad_certificate_hash_value, "Bad Certificate Hash Value"},
     {115, unknown_psk_identity, "Unknown Psk Identity"},
     {116, certificate_required, "Certificate Required"},
     {120, no_application_protocol, "No Application Protocol"}].

-spec name(0..255) -> atom().
name(Code) ->
    case lists:keyfind(Code, 1, table()) of
        {_, Name, _} -> Name;
        false -> 'unsupported/unknown_alert'
    end.

-spec code(atom()) -> 0..255.
code(Name) ->
    {Code, _, _} = lists:keyfind(Name, 2, table()),
    Code.

title(Code) ->
    case lists:keyfind(Code, 1, table()) of
        {_, _, Title} -> Title;
        false -> "unsupported/unknown alert: " ++ integer_to_list(Code)
    end.

%% The reason that programs get. Role: ours.
-spec reason(client | server, fatal(), Protocol :: string()) -> closed | {tls_alert, {atom(), string()}}.
reason(_, #{alert := 0}, _) ->
    closed;
reason(Role, #{alert := Alert} = Fatal, Protocol) ->
    Details = case details(Fatal) of
                  undefined -> "\n";
                  Text when is_binary(Text) -> ["\n ", Text];
                  Term -> io_lib:format("\n ~P", [Term, ?DEPTH])
              end,
    {tls_alert, {name(Alert), lists:flatten(io_lib:format("~ts~ts", [line(Role, Fatal, Protocol), Details]))}}.

line(Role, #{origin := Origin, alert := Alert, state := State} = Fatal, Protocol) ->
    [Protocol, $\s, atom_to_list(Role), ": In state ", atom_to_list(State),
     case Origin of
         local -> [" generated ", sender(Role)];
         peer -> [" received ", sender(other(Role))]
     end,
     " ALERT: ", case Fatal of #{level := warning} -> "Warning"; #{} -> "Fatal" end, " - ", title(Alert)].

details(#{origin := peer}) -> undefined;
details(#{details := Details}) -> Details;
details(#{cause := <<>>}) -> undefined;
details(#{cause := Cause}) -> Cause.

sender(client) -> "CLIENT";
sender(server) -> "SERVER".

other(client) -> server;
other(server) -> client.

%% Logs an alert at level notice (user_canceled: info), if the option log_level lets it through.
-spec log(client | server, fatal(), Protocol :: string(), LogLevel :: logger:level() | none | all) -> ok.
log(Role, #{origin := Origin, alert := Alert, state := State} = Fatal, Protocol, LogLevel) ->
    Level = case Alert of
                90 when Origin =:= peer -> info;
                _ -> notice
            end,
    ssl_log:report(Level, LogLevel, #{protocol => Protocol, role => Role, statename => State, alert => Fatal,
                                      alerter => case Origin of local -> own; peer -> peer end},
                   fun ?MODULE:report/1).

%% The text of a log entry (report_cb of the logger).
-spec report(logger:report()) -> {io:format(), [term()]}.
report(#{protocol := Protocol, role := Role, alert := Fatal}) ->
    Line = line(Role, Fatal, Protocol),
    case details(Fatal) of
        undefined -> {"~ts\n", [Line]};
        Text when is_binary(Text) -> {"~ts\n - ~ts", [Line, Text]};
        Term -> {"~ts\n - ~P", [Line, Term, ?DEPTH]}
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% ssl:format_error/1
%%--------------------------------------------------------------------------------------------------------------------

%% An error reason as a sentence.
-spec format_error(term()) -> string().
format_error({error, Reason}) -> format(Reason);
format_error(Reason) -> format(Reason).

format(Text) when is_list(Text) -> Text;
format(closed) -> "TLS connection is closed";
format({tls_alert, {_, Text}}) -> Text;
format({options, {File, Name, Reason}}) when File =:= cacertfile; File =:= certfile; File =:= keyfile; File =:= dhfile ->
    file_title(File) ++ text("~ts", [Name]) ++ ": " ++ file_error(Reason);
format({options, {socket_options, Option, Reason}}) ->
    text("Invalid transport socket option ~p: ~ts", [Option, format(Reason)]);
format({options, {socket_options, Option}}) ->
    text("Invalid socket option: ~p", [Option]);
format({options, incompatible, Options}) ->
    text("Options (or their values) can not be combined: ~p", [Options]);
format({Tag, Reason, Options}) when Tag =:= option; Tag =:= options ->
    text("Invalid option ~w ~w", [Options, Reason]);
format({options, {Why, Options}}) when Why =:= missing_version; Why =:= option_not_a_key_value_tuple;
                                       Why =:= no_supported_algorithms; Why =:= no_supported_signature_schemes;
                                       Why =:= insufficient_crypto_support; Why =:= not_supported_yet ->
    text("Invalid option ~w ~w", [Options, Why]);
format({options, Options}) ->
    text("Invalid TLS option: ~p", [Options]);
format(Reason) when is_atom(Reason) ->
    case inet:format_error(Reason) of
        "unknown POSIX" ++ _ -> text("Unexpected error: ~p", [Reason]);
        Text -> Text
    end;
format(Reason) ->
    text("Unexpected error: ~p", [Reason]).

text(Format, Args) ->
    lists:flatten(io_lib:format(Format, Args)).

file_title(cacertfile) -> "Invalid CA certificate file ";
file_title(certfile) -> "Invalid certificate file ";
file_title(keyfile) -> "Invalid key file ";
file_title(dhfile) -> "Invalid DH params file ".

file_error({error, Reason}) ->
    case file:format_error(Reason) of
        "unknown POSIX error" ++ _ -> "decoding error";
        Text -> Text
    end;
file_error(_) ->
    "decoding error".
