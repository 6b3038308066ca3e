%% Lists of cipher suites as two-byte binaries, under the module name that OTP's test library calls.
-module(ssl_cipher).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([suites/1, all_suites/1, anonymous_suites/1, filter_suites/1, filter_suites/2, random_bytes/1,
         signature_schemes_1_2/1]).

-type suite() :: <<_:16>> | ssl_suites:suite().

%% Suites offered by default in a version.
-spec suites(ssl_versions:wire()) -> [<<_:16>>].
suites(Version) -> list(default, Version).

-spec all_suites(ssl_versions:wire()) -> [<<_:16>>].
all_suites(Version) -> list(all, Version).

-spec anonymous_suites(ssl_versions:wire()) -> [<<_:16>>].
anonymous_suites(Version) -> list(anonymous, Version).

list(Description, Version) -> [<<Code:16>> || Code <- ssl_suites:list(Description, ssl_versions:name(Version))].

%% Those that crypto supports.
-spec filter_suites([suite()]) -> [suite()].
filter_suites(Suites) -> ssl_suites:filter(Suites, []).

%% Those that crypto supports and no filter refuses.
-spec filter_suites([suite()], [{atom(), fun((atom()) -> boolean())}]) -> [suite()].
filter_suites(Suites, Filters) -> ssl_suites:filter(Suites, Filters).

-spec random_bytes(non_neg_integer()) -> binary().
random_bytes(N) -> crypto:strong_rand_bytes(N).

%% Signature schemes as TLS 1.2 has them: pairs, where it knows the algorithm.
-spec signature_schemes_1_2([ssl_algorithms:scheme()]) -> [{atom(), atom()}].
signature_schemes_1_2(Algs) -> ssl_algorithms:pairs_12(Algs).
