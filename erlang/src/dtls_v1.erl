%% DTLS' relation to TLS, under the module name that OTP's test library calls.
-module(dtls_v1).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([suites/1, corresponding_tls_version/1]).

%% Default suites of a version, as on the wire.
-spec suites({254, 253 | 255}) -> [<<_:16>>].
suites({254, _} = Number) -> ssl_cipher:suites(Number).

-spec corresponding_tls_version({254, 253 | 255}) -> {3, 2..3}.
corresponding_tls_version({254, _} = Number) ->
    ssl_versions:number(ssl_versions:tls_equivalent(ssl_versions:name(Number))).
