%% Conversions of cipher suites, under the module name that programs (RabbitMQ) and OTP's test library call.
-module(ssl_cipher_format).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([suite_map_to_bin/1, suite_bin_to_map/1, suite_map_to_str/1, suite_str_to_map/1, suite_map_to_openssl_str/1,
         suite_openssl_str_to_map/1, suite_legacy/1]).

-spec suite_map_to_bin(ssl_suites:suite()) -> <<_:16>>.
suite_map_to_bin(Suite) ->
    case ssl_suites:from_map(Suite) of
        undefined -> error(function_clause, [Suite]);
        Code -> <<Code:16>>
    end.

-spec suite_bin_to_map(<<_:16>>) -> ssl_suites:suite().
suite_bin_to_map(<<Code:16>>) -> ssl_suites:to_map(Code).

-spec suite_map_to_str(ssl_suites:suite()) -> string().
suite_map_to_str(Suite) -> ssl_suites:rfc_name(Suite).

-spec suite_map_to_openssl_str(ssl_suites:suite()) -> string().
suite_map_to_openssl_str(Suite) -> ssl_suites:openssl_name(Suite).

-spec suite_str_to_map(string()) -> ssl_suites:suite().
suite_str_to_map(Name) -> suite_openssl_str_to_map(Name).

%% RFC names too.
-spec suite_openssl_str_to_map(string()) -> ssl_suites:suite().
suite_openssl_str_to_map(Name) ->
    case ssl_suites:from_name(Name) of
        {ok, Suite} -> Suite;
        error -> error(function_clause, [Name])
    end.

%% As `ssl:old_cipher_suite()`.
-spec suite_legacy(<<_:16>> | ssl_suites:suite()) -> tuple().
suite_legacy(<<Code:16>>) -> ssl_suites:legacy(ssl_suites:to_map(Code));
suite_legacy(Suite) -> ssl_suites:legacy(Suite).
