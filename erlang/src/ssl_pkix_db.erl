%% Reading of PEM files, under the module name that OTP's test library calls.
-module(ssl_pkix_db).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([decode_pem_file/1]).

-spec decode_pem_file(file:name_all()) -> {ok, [public_key:pem_entry()]} | {error, {badmatch, {error, term()}}}.
decode_pem_file(File) ->
    case file:read_file(File) of
        {ok, Pem} -> {ok, public_key:pem_decode(Pem)};
        {error, _} = Error -> {error, {badmatch, Error}}
    end.
