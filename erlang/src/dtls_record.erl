%% DTLS versions by name and number, under the module name that programs and OTP's test library call.
%% The numbers count downwards (RFC 6347 section 4.1).
-module(dtls_record).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([protocol_version/1, protocol_version_name/1, supported_protocol_versions/0]).
-export([highest_protocol_version/1, highest_protocol_version/2, lowest_protocol_version/1,
         lowest_protocol_version/2, is_higher/2]).

-type wire() :: {254, 253 | 255}.

%% The name of a number. Programs written for older releases also give a name for its number.
-spec protocol_version(wire()) -> atom();
                      (atom()) -> wire().
protocol_version({254, _} = Number) -> ssl_versions:name(Number);
protocol_version(Name) when is_atom(Name) -> protocol_version_name(Name).

-spec protocol_version_name(atom()) -> wire().
protocol_version_name(Name) when Name =:= 'dtlsv1.2'; Name =:= dtlsv1 -> ssl_versions:number(Name).

-spec supported_protocol_versions() -> [wire()].
supported_protocol_versions() -> [ssl_versions:number(V) || V <- ssl_versions:default(dtls)].

%% Of an empty list: of the supported versions.
-spec highest_protocol_version([wire()]) -> wire().
highest_protocol_version([]) -> lists:min(supported_protocol_versions());
highest_protocol_version(Numbers) -> lists:min(Numbers).

-spec highest_protocol_version(wire(), wire()) -> wire().
highest_protocol_version(A, B) -> min(A, B).

-spec lowest_protocol_version([wire()]) -> wire().
lowest_protocol_version([]) -> lists:max(supported_protocol_versions());
lowest_protocol_version(Numbers) -> lists:max(Numbers).

-spec lowest_protocol_version(wire(), wire()) -> wire().
lowest_protocol_version(A, B) -> max(A, B).

-spec is_higher(wire(), wire()) -> boolean().
is_higher(A, B) -> A < B.
