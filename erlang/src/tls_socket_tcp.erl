%% A transport over `socket` instead of gen_tcp.
-module(tls_socket_tcp).
-export([cb_info/0]).
-spec cb_info() -> tuple().
cb_info() -> {?MODULE, '$socket', '$socket_closed', '$socket', '$socket_passive'}.
