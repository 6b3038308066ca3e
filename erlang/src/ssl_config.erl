%% Application variables that OTP's test library reads through this module name.
-module(ssl_config).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([get_ticket_lifetime/0]).

-define(TWO_HOURS, 7200).
%% RFC 8446 section 4.6.1.
-define(SEVEN_DAYS, 604800).

%% Lifetime of session tickets in seconds.
-spec get_ticket_lifetime() -> non_neg_integer().
get_ticket_lifetime() ->
    case application:get_env(ssl, server_session_ticket_lifetime) of
        {ok, Seconds} when is_integer(Seconds), Seconds =< ?SEVEN_DAYS -> Seconds;
        _ -> ?TWO_HOURS
    end.
