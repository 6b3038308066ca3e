%% TLS versions by name and number, under the module name that programs and OTP's test library call.
-module(tls_record).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([protocol_version/1, protocol_version_name/1, supported_protocol_versions/0, sufficient_crypto_support/1]).
-export([highest_protocol_version/1, highest_protocol_version/2, lowest_protocol_version/1,
         lowest_protocol_version/2, is_higher/2]).

-type wire() :: {3, 0..4}.

%% The name of a number. Programs written for older releases also give a name for its number.
-spec protocol_version(wire()) -> atom();
                      (atom()) -> wire().
protocol_version({3, _} = Number) -> ssl_versions:name(Number);
protocol_version(Name) when is_atom(Name) -> protocol_version_name(Name).

-spec protocol_version_name(atom()) -> wire() | {2, 0}.
protocol_version_name(sslv2) -> {2, 0};
protocol_version_name(Name) when Name =/= 'dtlsv1.2', Name =/= dtlsv1 -> ssl_versions:number(Name).

-spec supported_protocol_versions() -> [wire()].
supported_protocol_versions() -> [ssl_versions:number(V) || V <- ssl_versions:default(tls)].

-spec sufficient_crypto_support(atom() | wire()) -> boolean().
sufficient_crypto_support({_, _} = Number) -> sufficient_crypto_support(protocol_version(Number));
sufficient_crypto_support(Name) -> ssl_versions:usable(Name).

%% Of an empty list: of the supported versions.
-spec highest_protocol_version([wire()]) -> wire().
highest_protocol_version([]) -> lists:max(supported_protocol_versions());
highest_protocol_version(Numbers) -> lists:max(Numbers).

-spec highest_protocol_version(wire(), wire()) -> wire().
highest_protocol_version(A, B) -> max(A, B).

-spec lowest_protocol_version([wire()]) -> wire().
lowest_protocol_version([]) -> lists:min(supported_protocol_versions());
lowest_protocol_version(Numbers) -> lists:min(Numbers).

-spec lowest_protocol_version(wire(), wire()) -> wire().
lowest_protocol_version(A, B) -> min(A, B).

-spec is_higher(wire(), wire()) -> boolean().
is_higher(A, B) -> A > B.
