%% What the modules of a connection's process share: its state, and a few numbers of the protocol.
%%
%% Included by ssl_endpoint and the ssl_endpoint_* modules, and by nobody else.

-define(PROTOCOL, "TLS").
-define(TLS13, 16#0304).
%% Alerts
-define(CLOSE_NOTIFY, 0).
-define(INTERNAL_ERROR, 80).
-define(USER_CANCELED, 90).
-define(NO_RENEGOTIATION, 100).
%% Milliseconds for a peer to answer a close_notify.
-define(CLOSE_TIMEOUT, 5000).
%% What a peer may still send after the end before we cut it off: as much as a window that was open.
-define(DRAIN_LIMIT, 4194304).

%% Needed until the handshake is over.
-record(hs, {from :: gen_statem:from() | undefined,      % who called handshake/2
             ctx :: term(),                              % of ssl_verdict
             parsed :: ssl_opts:parsed() | undefined,    % the options, when they may be continued
             done = false :: boolean(),                  % over, but for output that the transport has not taken
             paused = no :: no | ssl_native:query() | done,  % {handshake, hello}
             early = [] :: iodata(),                     % came before we were asked for the handshake, or to continue it
             random = <<>> :: binary(),                  % the client's, for the key log
             key_log = [] :: [string()]}).               % lines so far, last first

-record(data, {role :: client | server,
               conn :: ssl_native:conn(),
               transport :: module(),
               socket :: term(),
               tags :: {atom(), atom(), atom(), atom()}, % data, closed, error, passive
               self :: ssl_socket_shape:sslsocket(),
               owner :: {reference(), pid()},
               options :: map(),
               %% options that the library keeps
               active :: boolean() | once | pos_integer(),
               mode :: list | binary,
               packet :: term(),
               packet_size = 0 :: non_neg_integer(),
               header = 0 :: non_neg_integer(),
               buffer :: pos_integer() | undefined,      % what getopts says instead of our size
               %% reading
               lock = none :: none | held | reference(), % the read lock; a reference: waiting for it
               armed = no :: no | once | many,           % what the transport will send us
               ahead = no :: no | wanted | yes | enough, % do we read for callers of recv?
               cooked = no :: no | binary(),             % plaintext that is cut here and not by the native half
               want :: undefined | {gen_statem:from(), non_neg_integer()},
               ended :: undefined | closed | {fatal, map()},
               behind = [] :: iodata() | torn,           % what came behind the peer's close_notify: after a downgrade the user's.
                                                         % torn: none came, the transport ended before
               again = false :: boolean(),               % a timer runs until we listen to the peer again
               %% writing
               out = [] :: iodata(),                     % waits for the transport to take data again
               writer :: undefined | pid(),              % process that writes for us
               unlock = false :: boolean(),              % the write lock is ours until `out` is written
               ending :: undefined | {gen_statem:from() | undefined, timeout()}
                       | {shutdown, gen_statem:from(), write | read_write},
               drained = 0 :: non_neg_integer(),
               shut = false :: boolean(),                % nothing more may be sent
               exporter = true :: boolean(),
               key_log = [] :: [string()],
               %% before TLS 1.3: a handshake may follow the first one
               ctx :: undefined | ssl_material:context(),
               %% internal: senders wait for new keys
               renegotiation = no :: no | gen_statem:from() | {internal, [gen_statem:from()]},
               session :: undefined | ssl_sessions:event(),  % new, until its handshake is over
               hs :: #hs{} | undefined,
               listener :: ssl_listener:key() | undefined}).

-type data() :: #data{}.
-type result() :: gen_statem:event_handler_result(atom()).
