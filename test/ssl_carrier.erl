%% TLS as a transport of TLS: gen_tcp's functions on connections of ssl, for `cb_info`.
-module(ssl_carrier).

-export([send/2, recv/2, recv/3, close/1, shutdown/2, controlling_process/2, setopts/2, getopts/2, getstat/2, peername/1,
         sockname/1, port/1]).

send(Socket, Data) -> ssl:send(Socket, Data).
recv(Socket, Length) -> ssl:recv(Socket, Length).
recv(Socket, Length, Timeout) -> ssl:recv(Socket, Length, Timeout).
close(Socket) -> ssl:close(Socket).
shutdown(Socket, How) -> ssl:shutdown(Socket, How).
controlling_process(Socket, Pid) -> ssl:controlling_process(Socket, Pid).
setopts(Socket, Options) -> ssl:setopts(Socket, Options).
getopts(Socket, Names) -> ssl:getopts(Socket, Names).
getstat(Socket, Names) -> ssl:getstat(Socket, Names).
peername(Socket) -> ssl:peername(Socket).
sockname(Socket) -> ssl:sockname(Socket).

port(Socket) ->
    {ok, {_, Port}} = ssl:sockname(Socket),
    {ok, Port}.
