%% Stock `ssl` and this one, asked the same questions: option lists, and functions that only compute.
%%
%% `answers/2` writes what one of them says; it runs once in a node with stock and once in a node with this library
%% in front of the code path. `compare/2` holds the two files against each other; what differs and is not in
%% `explained/3` with its reason counts as a fault. Driver: ci/differential.
-module(differential).

-export([prepare/1, answers/2, compare/2]).

-include_lib("public_key/include/public_key.hrl").

-define(SEED, 20261121).
-define(RANDOM_LISTS, 6000).

%% Files that the option lists name.
prepare(Dir) ->
    ok = filelib:ensure_dir(filename:join(Dir, "x")),
    Key = public_key:generate_key({namedCurve, secp256r1}),
    Rsa = public_key:generate_key({rsa, 1024, 65537}),
    #{cert := Cert} = public_key:pkix_test_root_cert("differential", [{key, Key}]),
    KeyPem = fun(K, P) -> public_key:pem_encode([public_key:pem_entry_encode(element(1, K), K, P)]) end,
    Plain = fun(K) -> public_key:pem_encode([public_key:pem_entry_encode(element(1, K), K)]) end,
    CertPem = public_key:pem_encode([{'Certificate', Cert, not_encrypted}]),
    Write = fun(Name, Data) -> ok = file:write_file(filename:join(Dir, Name), Data) end,
    Write("cert.pem", CertPem),
    Write("key.pem", Plain(Key)),
    Write("both.pem", [CertPem, Plain(Key)]),
    Write("two_keys.pem", [Plain(Key), Plain(Rsa)]),
    Write("secret_key.pem", KeyPem(Rsa, {{"AES-128-CBC", crypto:strong_rand_bytes(16)}, "secret"})),
    Write("garbage.pem", "-----BEGIN nothing-----\n"),
    _ = file:delete(filename:join(Dir, "link.pem")),
    ok = file:make_symlink("cert.pem", filename:join(Dir, "link.pem")),
    Write("cert.der", Cert),
    Write("key.der", public_key:der_encode('ECPrivateKey', Key)),
    ok.

%%--------------------------------------------------------------------------------------------------------------
%% Asking
%%--------------------------------------------------------------------------------------------------------------

answers(Which, Dir) ->
    {ok, _} = application:ensure_all_started(public_key),
    logger:set_primary_config(level, none),
    case Which of
        stock -> {ok, _} = application:ensure_all_started(ssl);
        candidate ->
            %% Both have modules of the same names: the right ones must answer.
            Ours = filename:dirname(code:which(ssl_opts)),
            [] = [M || M <- [ssl, tls_record, dtls_record, dtls_v1, tls_v1, ssl_cipher, ssl_cipher_format, ssl_config,
                             ssl_dh_groups, ssl_pkix_db, tls_socket_tcp], filename:dirname(code:which(M)) =/= Ours]
    end,
    Questions = calls() ++ option_questions(Dir),
    Answers = [{Q, ask(Which, Q)} || Q <- Questions],
    ok = file:write_file(filename:join(Dir, atom_to_list(Which) ++ ".answers"), term_to_binary(Answers)),
    %% And what format_error/1 makes of every error among them.
    Texts = maps:from_list([{E, ask(Which, {call, ssl, format_error, [E]})} || {_, {error, _} = E} <- Answers]),
    ok = file:write_file(filename:join(Dir, atom_to_list(Which) ++ ".texts"), term_to_binary(Texts)).

ask(Which, Q) ->
    try plain(answer(Which, Q))
    catch
        throw:{error, _} = Error -> plain(Error);
        Class:Reason -> {exception, Class, plain(exception(Reason))}
    end.

%% Which argument a call crashed on is of no interest.
exception({badmap, _}) -> badmap;
exception({case_clause, _}) -> case_clause;
exception({badmatch, _}) -> badmatch;
exception(Reason) -> Reason.

answer(_, {call, ssl, versions, []}) -> tl(ssl:versions());
answer(_, {call, M, F, A}) -> apply(M, F, real(A));
answer(stock, {connect, Host, Opts}) -> stock_config(ssl_config:handle_options(real(Opts), client, Host));
answer(candidate, {connect, Host, Opts}) -> config(ssl_opts:connect(Host, real(Opts)));
answer(stock, {listen, Opts}) -> stock_config(ssl_config:handle_options(real(Opts), server, undefined));
answer(candidate, {listen, Opts}) -> config(ssl_opts:listen(real(Opts)));
answer(stock, {update, Role, First, Second}) ->
    {ok, Config} = ssl_config:handle_options(real(First), Role, "host"),
    stock_options(ssl_config:update_options(real(Second), Role, element(2, Config)));
answer(candidate, {update, Role, First, Second}) ->
    {ok, Parsed} = case Role of
                       client -> ssl_opts:connect("host", real(First));
                       server -> ssl_opts:listen(real(First))
                   end,
    case ssl_opts:continue(Role, real(Second), Parsed) of
        {ok, #{ssl := Opts}} -> options(Opts);
        Error -> Error
    end;
answer(stock, {upgrade, Role, Opts}) ->
    with_socket(fun(S) -> stock_config(ssl_config:handle_options(S, real(Opts), Role, undefined)) end);
answer(candidate, {upgrade, Role, Opts}) ->
    with_socket(fun(S) -> config(ssl_opts:upgrade(Role, S, real(Opts))) end).

with_socket(Fun) ->
    {ok, S} = gen_tcp:listen(0, [{active, false}, {packet, 2}]),
    try Fun(S) after gen_tcp:close(S) end.

%% Funs cannot be written down the same way twice: `'$fun/N'` stands for one.
real('$filter') -> fun(Part) -> erlang:phash2(Part, 3) =/= 0 end;
real('$fun/0') -> fun() -> "secret" end;
real('$fun/1') -> fun(_) -> undefined end;
real('$fun/2') -> fun(_, _) -> ok end;
real('$fun/3') -> fun(_, _, _) -> ok end;
real('$fun/4') -> fun(_, _, _, _) -> true end;
real([H | T]) -> [real(H) | real(T)];
real(T) when is_tuple(T) -> list_to_tuple(real(tuple_to_list(T)));
real(M) when is_map(M) -> maps:map(fun(_, V) -> real(V) end, M);
real(T) -> T.

plain(F) when is_function(F) ->
    {arity, N} = erlang:fun_info(F, arity),
    {'$fun', N};
plain([H | T]) -> [plain(H) | plain(T)];
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain(M) when is_map(M) -> maps:map(fun(_, V) -> plain(V) end, M);
plain(T) -> T.

%%--------------------------------------------------------------------------------------------------------------
%% Accepted options, in one form for both
%%--------------------------------------------------------------------------------------------------------------

%% #config{ssl, inet_user, emulated, trackers, inet_ssl, transport_info, connection_cb, tab}
stock_config({ok, Config}) ->
    {ok, #{ssl => stock_options(element(2, Config)), transport => element(7, Config),
           socket_opts => element(6, Config), emulated => maps:from_list(element(4, Config))}}.

stock_options(Opts0) ->
    Opts = maps:map(fun stock_value/2, Opts0),
    compared(Opts).

stock_value(versions, Vs) -> [stock_version(V) || V <- Vs];
stock_value(ciphers, Suites) -> [C || <<C:16>> <- Suites];
stock_value(supported_groups, {supported_groups, Groups}) -> Groups;
stock_value(eccs, {elliptic_curves, Oids}) -> Oids;
stock_value(signature_algs_cert, [default | Algs]) -> {default, Algs};
stock_value(crl_cache, {ssl_crl_cache, {Handle, Args}}) -> {ssl_crl_cache, {Handle, Args -- [{owner, normal}]}};
stock_value(_, V) -> V.

stock_version({254, _} = V) -> dtls_record:protocol_version(V);
stock_version(V) -> tls_record:protocol_version(V).

config({ok, #{ssl := Opts} = Parsed}) -> {ok, (maps:remove(given, Parsed))#{ssl := options(Opts)}};
config(Error) -> Error.

options(Opts) ->
    compared(maps:map(fun(eccs, Names) when is_list(Names) -> [pubkey_cert_records:namedCurves(N) || N <- Names];
                         (_, V) -> V
                      end, Opts)).

%% Without what is the default (stock keeps some of those and not others), and without what the two keep in
%% different ways: default funs, and the protocol selection of NPN, which stock makes a fun.
compared(Opts) ->
    Default = #{cacertfile => undefined, middlebox_comp_mode => true, depth => 10, hibernate_after => infinity,
                receiver_spawn_opts => [], sender_spawn_opts => [], padding_check => true,
                beast_mitigation => disabled, erl_dist => false, ktls => false, keep_secrets => false,
                stapling => no_staple, use_srtp => undefined, next_protocols_advertised => undefined,
                psk_groups => undefined, dhfile => undefined, dh => undefined, secure_renegotiate => true,
                fail_if_no_peer_cert => false, certificate_authorities => '$by_role', sni_hosts => [],
                customize_hostname_check => [], use_ticket => undefined, certs_keys => []},
    Passwords = case Opts of
                    #{certs_keys := Pairs} -> Opts#{certs_keys := [password(P) || P <- Pairs]};
                    #{} -> Opts
                end,
    maps:filter(fun(K, V) -> maps:find(K, Default) =/= {ok, V} end,
                maps:without([partial_chain, sni_fun, sni_hosts, reuse_session, verify_fun, next_protocol_selector,
                              client_preferred_next_protocols, certificate_authorities, cacertfile], Passwords)).

password(#{password := F} = Pair) -> Pair#{password := F()};
password(Pair) -> Pair.

%%--------------------------------------------------------------------------------------------------------------
%% Questions: functions
%%--------------------------------------------------------------------------------------------------------------

versions() -> ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1, 'dtlsv1.2', dtlsv1].
descriptions() -> [default, all, exclusive, anonymous, exclusive_anonymous].
kexs() -> [any, null, psk, dh_anon, dh_rsa, dh_dss, dhe_psk, dhe_dss, dhe_rsa, ecdh_anon, ecdhe_psk, ecdh_ecdsa,
           ecdhe_ecdsa, ecdh_rsa, ecdhe_rsa, rsa, rsa_psk, srp_anon, srp_dss, srp_rsa].
ciphers() -> [null, rc4_128, des_cbc, '3des_ede_cbc', aes_128_cbc, aes_256_cbc, aes_128_gcm, aes_256_gcm, aes_128_ccm,
              aes_256_ccm, aes_128_ccm_8, aes_256_ccm_8, chacha20_poly1305].

calls() ->
    Suites = [#{key_exchange => K, cipher => C, mac => M, prf => P}
              || K <- kexs(), C <- ciphers(), M <- [null, md5, sha, sha256, sha384, aead],
                 P <- [null, default_prf, sha, sha256, sha384]],
    Maps = [M || C <- lists:seq(0, 16#ffff), M <- [known_suite(C)], M =/= undefined],
    Wires = [{3, 4}, {3, 3}, {3, 2}, {3, 1}, {254, 253}, {254, 255}],
    [{call, ssl, cipher_suites, [D, V]} || D <- descriptions(), V <- versions()] ++
    [{call, ssl, cipher_suites, [D, V, T]} || D <- descriptions(), V <- versions(), T <- [rfc, openssl]] ++
    [{call, ssl, F, [S]} || S <- Maps, F <- [suite_to_str, suite_to_openssl_str]] ++
    [{call, ssl_cipher_format, suite_bin_to_map, [<<C:16>>]} || C <- lists:seq(0, 16#ffff)] ++
    [{call, ssl_cipher_format, suite_map_to_bin, [S]} || S <- Suites] ++
    [{call, ssl_cipher_format, suite_legacy, [S]} || S <- Maps] ++
    [{call, ssl, str_to_suite, [N]} || N <- names()] ++
    [{call, ssl, filter_cipher_suites, [[S], []]} || S <- Maps] ++
    [{call, ssl_cipher, filter_suites, [[<<C:16>>]]} || C <- lists:seq(0, 16#ffff), known_suite(C) =/= undefined] ++
    [{call, ssl, F, [lists:sublist(Maps, N, 5), Maps]} || N <- lists:seq(1, 100, 7),
                                                         F <- [append_cipher_suites, prepend_cipher_suites]] ++
    [{call, ssl, F, [[{P, '$filter'}], Maps]} || P <- [key_exchange, cipher, mac, prf],
                                                F <- [append_cipher_suites, prepend_cipher_suites]] ++
    [{call, ssl, filter_cipher_suites, [Maps, [{P, '$filter'}]]} || P <- [key_exchange, cipher, mac, prf]] ++
    [{call, ssl, format_error, [E]} || E <- errors()] ++
    [{call, ssl, tls_version, [V]} || V <- Wires] ++
    [{call, ssl, versions, []}, {call, ssl, eccs, []}, {call, ssl, groups, []}, {call, ssl, groups, [default]}, {call, tls_v1, groups, []}] ++
    [{call, ssl, eccs, [V]} || V <- [foo | versions()]] ++
    [{call, ssl, signature_algs, [D, V]} || D <- [default, all, exclusive, foo], V <- [foo | versions()]] ++
    [{call, M, protocol_version, [V]} || M <- [tls_record, dtls_record], V <- Wires] ++
    [{call, tls_record, protocol_version_name, [V]} || V <- ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1, sslv3, sslv2, x]] ++
    [{call, dtls_record, protocol_version_name, [V]} || V <- ['dtlsv1.2', dtlsv1, x]] ++
    [{call, M, F, [Vs]} || {M, Choice} <- [{tls_record, [{3, 4}, {3, 3}, {3, 2}, {3, 1}]},
                                          {dtls_record, [{254, 253}, {254, 255}]}],
                           F <- [highest_protocol_version, lowest_protocol_version], Vs <- subsets(Choice)] ++
    [{call, M, supported_protocol_versions, []} || M <- [tls_record, dtls_record]] ++
    [{call, tls_record, sufficient_crypto_support, [V]}
     || V <- ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1, {3, 4}, {3, 3}]] ++
    [{call, dtls_v1, F, [V]} || V <- [{254, 253}, {254, 255}], F <- [suites, corresponding_tls_version]] ++
    [{call, ssl_cipher, F, [V]} || V <- Wires, F <- [suites, all_suites, anonymous_suites]] ++
    [{call, tls_v1, F, [V]} || V <- [{3, 4}, {3, 3}, {3, 2}, {3, 1}],
                               F <- [suites, exclusive_suites, exclusive_anonymous_suites, psk_exclusive,
                                     srp_exclusive, rsa_exclusive, des_exclusive, rc4_exclusive]] ++
    [{call, tls_v1, ecc_curves, [V]} || V <- [{3, 3}, {3, 2}, {3, 1}]] ++
    [{call, tls_v1, F, []} || F <- [ec_groups, pqc_groups, default_groups]] ++
    [{call, tls_v1, groups, [G]} || G <- [all, default, [x25519, foo, mlkem512]]] ++
    [{call, tls_v1, hkdf_expand_label, [<<1:256>>, <<"abc">>, <<"context">>, N, H]}
     || N <- [0, 1, 16, 32, 48, 100], H <- [sha256, sha384], N > 0] ++
    [{call, tls_v1, hkdf_extract, [H, <<2:256>>, <<3:256>>]} || H <- [sha256, sha384]] ++
    [{call, tls_v1, hmac_hash, [H, <<2:256>>, <<3:256>>]} || H <- [sha, sha256, sha384]] ++
    [{call, ssl_config, get_ticket_lifetime, []}, {call, ssl_dh_groups, modp2048_generator, []},
     {call, ssl_dh_groups, modp2048_prime, []}, {call, ssl_pkix_db, decode_pem_file, ["/nonexistent"]},
     {call, tls_socket_tcp, cb_info, []}] ++
    [{call, ssl_cipher, signature_schemes_1_2, [Algs]}
     || Algs <- [[rsa_pkcs1_sha256, {sha256, rsa}, ecdsa_secp256r1_sha256, {sha256, ecdsa}, rsa_pss_rsae_sha256,
                  rsa_pss_pss_sha512, eddsa_ed25519, mldsa44, slh_dsa_sha2_128f, rsa_pkcs1_sha1, ecdsa_sha1]]].

%% Reasons as the API gives them.
errors() ->
    Plain = [closed, timeout, einval, enoent, econnrefused, nxdomain, foo, {foo, bar}, "text", [], <<"text">>, 17,
             {tls_alert, {unknown_ca, "TLS client: In state wait_cert"}}, {keyfile, foo}, {tls_alert, "old"},
             {options, {socket_options, foo}}, {options, {socket_options, foo, einval}},
             {options, {certfile, "f", {error, enoent}}}, {options, {keyfile, "f", {error, foo}}},
             {options, {cacertfile, "f", bar}}, {options, {dhfile, "f", {badmatch, {error, eacces}}}},
             {options, {certfile, {"f", enoent}}}, {options, {keyfile, {"f", wrong_password}}},
             {options, incompatible, [{verify, verify_peer}, {cacerts, undefined}]},
             {options, missing_version, {'tlsv1.2', {versions, ['tlsv1.3', tlsv1]}}},
             {options, {missing_version, foo}}, {options, {option_not_a_key_value_tuple, foo}},
             {options, {no_supported_algorithms, {signature_algs, []}}},
             {options, {no_supported_signature_schemes, {signature_algs_cert, []}}},
             {options, {insufficient_crypto_support, {tlsv1, {versions, [tlsv1]}}}},
             {options, {verify, foo}}, {options, foo}, {option, server_only, cookie}, {option, client_only, stapling},
             {options, dependency, {a, b}}],
    Plain ++ [{error, E} || E <- Plain].

subsets([]) -> [];
subsets(L) -> [S || N <- lists:seq(1, length(L)), S <- [lists:sublist(L, N), lists:nthtail(N - 1, L)]].

%% By asking the one that runs: both must know the same.
known_suite(Code) ->
    try ssl_cipher_format:suite_bin_to_map(<<Code:16>>)
    catch _:_ -> undefined
    end.

%% Names known, and names that could be ones.
names() ->
    Known = [N || V <- versions(), D <- [all, anonymous], T <- [6, 7],
                  Code <- codes(D, V), N <- [name(T, Code)]],
    Prefixes = ["", "TLS_", "ADH-", "AECDH-", "EDH-RSA-", "EDH-DSS-", "DHE-RSA-", "DHE-DSS-", "DHE-PSK-", "RSA-", "RSA-PSK-",
                "ECDH-RSA-", "ECDHE-RSA-", "ECDHE-ECDSA-", "ECDHE-PSK-", "PSK-", "SRP-", "SRP-RSA-", "SRP-DSS-", "DH-RSA-"],
    Middles = ["AES128", "AES256", "AES128-GCM", "AES256-GCM", "AES128-CCM", "AES256-CCM8", "DES-CBC", "DES-CBC3",
               "3DES-EDE-CBC", "RC4", "CHACHA20-POLY1305", "AES-128-CBC", "AES128-CBC", "NULL"],
    Ends = ["", "-SHA", "-SHA256", "-SHA384", "-MD5"],
    lists:usort(Known) ++ [P ++ M ++ E || P <- Prefixes, M <- Middles, E <- Ends]
        ++ ["TLS_EMPTY_RENEGOTIATION_INFO_SCSV", "", "TLS_", "TLS_FOO", "aes128-sha", foo, 1].

codes(D, V) ->
    Wire = case V of
               'dtlsv1.2' -> {254, 253};
               dtlsv1 -> {254, 255};
               _ -> tls_record:protocol_version_name(V)
           end,
    case D of
        all -> ssl_cipher:all_suites(Wire);
        anonymous -> ssl_cipher:anonymous_suites(Wire)
    end.

name(6, Bin) -> ssl_cipher_format:suite_map_to_str(ssl_cipher_format:suite_bin_to_map(Bin));
name(7, Bin) -> ssl_cipher_format:suite_map_to_openssl_str(ssl_cipher_format:suite_bin_to_map(Bin)).

%%--------------------------------------------------------------------------------------------------------------
%% Questions: options
%%--------------------------------------------------------------------------------------------------------------

option_questions(Dir) ->
    Pool = pool(Dir),
    Singles = [{O, V} || {O, Vs} <- Pool, V <- Vs],
    rand:seed(exsss, ?SEED),
    [{connect, "host", B ++ [S]} || B <- bases(client), S <- Singles] ++
    [{listen, B ++ [S]} || B <- bases(server), S <- Singles] ++
    [{update, R, F, [S]} || R <- [client, server], F <- update_bases(R, Dir), S <- Singles] ++
    [{upgrade, R, B ++ [S]} || R <- [client, server], B <- [[{verify, verify_none}]], S <- Singles] ++
    [{connect, H, [{verify, verify_none}]} || H <- ["host.", "host..", "", "10.0.0.1", {127, 0, 0, 1}, atom_host, undefined]] ++
    [{connect, "host", L} || L <- odd_lists()] ++
    [{listen, L} || L <- odd_lists()] ++
    [random_question(Singles, Dir) || _ <- lists:seq(1, ?RANDOM_LISTS)].

bases(client) ->
    [[], [{verify, verify_none}], [{verify, verify_none}, {versions, ['tlsv1.3']}],
     [{verify, verify_none}, {versions, ['tlsv1.2']}], [{verify, verify_none}, {versions, ['tlsv1.1', tlsv1]}],
     [{verify, verify_none}, {versions, [tlsv1, 'tlsv1.1', 'tlsv1.2', 'tlsv1.3']}],
     [{verify, verify_none}, {protocol, dtls}], [{cacerts, [<<"ca">>]}]];
bases(server) ->
    [[], [{versions, ['tlsv1.3']}], [{versions, ['tlsv1.2']}], [{versions, [tlsv1, 'tlsv1.1', 'tlsv1.2', 'tlsv1.3']}],
     [{protocol, dtls}], [{verify, verify_peer}, {cacerts, [<<"ca">>]}]].

update_bases(client, _) ->
    [[{verify, verify_none}], [{verify, verify_none}, {versions, ['tlsv1.3']}]];
update_bases(server, Dir) ->
    Pair = {certfile, filename:join(Dir, "both.pem")},
    [[], [Pair], [{versions, ['tlsv1.3']}, Pair], [{handshake, hello}], [Pair, {verify, verify_peer}, {cacerts, []}],
     [{certs_keys, [#{certfile => filename:join(Dir, "cert.pem"), keyfile => filename:join(Dir, "key.pem")}, #{}]}],
     [Pair, {signature_algs, [ecdsa_secp256r1_sha256]}, {alpn_preferred_protocols, [<<"a">>]}]].

odd_lists() ->
    [[], [binary], [list], [inet], [inet6, binary], [foo], [{foo}], [{"foo", 1}], [1], [{raw, 1, 2, <<3>>}],
     [{binary, true}], [{binary, false}], [{verify, verify_none}, {verify, verify_peer}],
     [{verify, verify_peer}, {verify, verify_none}], [{log_alert, true}], [{log_alert, false}, {verify, verify_none}],
     [{log_alert, foo}, {verify, verify_none}], [{log_alert, false}, {log_level, debug}, {verify, verify_none}],
     [{log_level, debug}, {log_alert, false}, {verify, verify_none}], [{ssl_imp, new}, {verify, verify_none}],
     [{ssl_imp, foo}, {verify, verify_none}], [{log_alert, true}, {log_alert, false}, {verify, verify_none}],
     [{nodelay, true}, {verify, verify_none}, {keepalive, true}, inet6, {ip, {127, 0, 0, 1}}, {active, once}, binary],
     [{inet_backend, socket}, {verify, verify_none}, {nodelay, true}], [{cb_info, {a, b, c, d}}, {verify, verify_none}],
     [{cb_info, {a, b, c, d, e}}, {verify, verify_none}], [{cb_info, foo}, {verify, verify_none}],
     [{cb_info, {a, b, c}}, {verify, verify_none}], [{next_protocol_selector, foo}, {verify, verify_none}],
     [{verify, verify_none}, {high_watermark, 10}, {low_watermark, 5}],
     [{verify, verify_none}, {cb_info, {tls_socket_tcp, '$socket', '$socket_closed', '$socket', '$socket_passive'}},
      {high_watermark, 10}, {nodelay, true}],
     [{verify, verify_none}, {mode, binary}, {mode, list}, {packet, 4}, {packet, 2}]].

random_question(Singles, Dir) ->
    N = 1 + rand:uniform(5),
    List = [lists:nth(rand:uniform(length(Singles)), Singles) || _ <- lists:seq(1, N)],
    case rand:uniform(8) of
        X when X =< 3 -> {connect, "host", [{verify, verify_none} | List]};
        X when X =< 6 -> {listen, List};
        7 -> {update, client, [{verify, verify_none}], List};
        8 -> {update, server, [{certfile, filename:join(Dir, "both.pem")}], List}
    end.

%% Values of each option: right ones, wrong ones, ones at a limit.
pool(Dir) ->
    F = fun(Name) -> filename:join(Dir, Name) end,
    Files = [F("cert.pem"), F("both.pem"), F("key.pem"), F("link.pem"), F("none.pem"), F("garbage.pem"),
             list_to_binary(F("cert.pem")), "", <<>>, foo, 1, undefined],
    {ok, Der} = file:read_file(F("cert.der")),
    {ok, KeyDer} = file:read_file(F("key.der")),
    Bools = [true, false, foo, undefined, 1],
    Ints = [0, 1, 255, 256, 100000, 16#ffffff, 16#1000000, -1, infinity, foo, 1.5],
    Funs = ['$fun/1', '$fun/2', '$fun/4', undefined, foo],
    Lists = [[], [a], foo, undefined, <<>>],
    Keys = [{'ECPrivateKey', KeyDer}, {rsa, KeyDer}, {ec, KeyDer}, {'RSAPrivateKey', foo}, KeyDer, foo, undefined,
            #{algorithm => rsa, sign_fun => '$fun/3'}, #{algorithm => eddsa, sign_fun => '$fun/3'},
            #{algorithm => rsa_pss_pss, sign_fun => '$fun/3'}, #{algorithm => dsa, sign_fun => '$fun/3'},
            #{algorithm => rsa, sign_fun => '$fun/3', encrypt_fun => '$fun/3'},
            #{algorithm => rsa, encrypt_fun => '$fun/3'}, #{algorithm => ecdsa, engine => e, key_id => "1"},
            #{algorithm => dsa, engine => e, key_id => "1"}, #{algorithm => rsa}, #{}],
    Suites = ssl_suites_for_test(),
    Protocols = [[<<"a">>], [<<"a">>, <<"b">>], [], [<<>>], [a], [binary:copy(<<"x">>, 255)], [binary:copy(<<"x">>, 256)],
                 foo, undefined, <<"a">>],
    [{protocol, [tls, dtls, foo, undefined]},
     {versions, [['tlsv1.3'], ['tlsv1.2'], ['tlsv1.3', 'tlsv1.2'], ['tlsv1.2', 'tlsv1.3'], ['tlsv1.3', 'tlsv1.1'],
                 [tlsv1], ['tlsv1.1', 'tlsv1.2', 'tlsv1.3', tlsv1], [], [foo], ['tlsv1.3', foo], [sslv3], [{3, 4}],
                 ['dtlsv1.2'], [dtlsv1, 'dtlsv1.2'], ['tlsv1.3', 'dtlsv1.2'], foo, 'tlsv1.3', undefined]},
     {log_level, [none, all, debug, notice, emergency, foo, undefined]},
     {keep_secrets, [true, false, {keylog, '$fun/1'}, {keylog_hs, '$fun/1'}, {keylog, '$fun/2'}, {keylog, foo},
                     {foo, '$fun/1'}, foo, undefined]},
     {erl_dist, Bools}, {ktls, Bools}, {middlebox_comp_mode, Bools},
     {verify, [verify_none, verify_peer, foo, 0, undefined]},
     {cacerts, [[Der], [], [{cert, Der, foo}], foo, undefined, Der]},
     {cacertfile, Files}, {certificate_authorities, Bools}, {partial_chain, Funs}, {fail_if_no_peer_cert, Bools},
     {depth, Ints},
     {verify_fun, [{'$fun/3', s}, {'$fun/4', s}, '$fun/1', {'$fun/2', s}, '$fun/3', foo, undefined, {foo, s}]},
     {cert_policy_opts, [[], [{policy_set, [{1, 2}]}], [{explicit_policy, true}, {inhibit_any_policy, false}],
                         [{policy_set, foo}], [{explicit_policy, foo}], [{foo, true}], [foo], [{inhibit_policy_mapping, 1}]]},
     {allow_any_ca_purpose, Bools}, {customize_hostname_check, Lists},
     {crl_check, [true, false, peer, best_effort, foo, undefined]},
     {crl_cache, [{ssl_crl_cache, {internal, []}}, {ssl_crl_cache, {internal, [{http, 100}]}}, {mod, {handle, [a]}},
                  {ssl_crl_cache, {internal, foo}}, {"mod", {h, []}}, foo, undefined, {mod, h}]},
     {stapling, [staple, no_staple, #{ocsp_nonce => true}, #{}, foo, undefined, true]},
     {certs_keys, [[], [#{}], [#{cert => Der, key => {'ECPrivateKey', KeyDer}}],
                   [#{certfile => F("cert.pem"), keyfile => F("key.pem")}], [#{certfile => F("both.pem")}],
                   [#{certfile => F("cert.pem"), keyfile => F("secret_key.pem"), password => "secret"}],
                   [#{certfile => F("cert.pem"), keyfile => F("secret_key.pem"), password => '$fun/0'}],
                   [#{certfile => F("cert.pem"), keyfile => F("secret_key.pem"), password => "wrong"}],
                   [#{certfile => F("cert.pem"), keyfile => F("secret_key.pem")}],
                   [#{certfile => F("cert.pem"), keyfile => F("two_keys.pem")}],
                   [#{certfile => F("none.pem")}], [#{certfile => F("key.pem")}], [#{cert => foo}], [#{key => foo}],
                   [#{keyfile => ""}], [#{password => foo}], [foo], foo, undefined,
                   [#{certfile => F("both.pem")}, #{cert => [Der], key => {'ECPrivateKey', KeyDer}}]]},
     {cert, [Der, [Der], [Der, Der], [], foo, [foo], undefined]},
     {certfile, Files}, {key, Keys}, {keyfile, Files},
     {password, ["secret", <<"secret">>, '$fun/0', '$fun/1', foo, undefined, []]},
     {server_name_indication, ["name", "", disable, undefined, foo, <<"name">>, "10.0.0.1"]},
     {sni_hosts, [[], [{"a", [{verify, verify_none}]}], [{"a", []}], [{"", []}], [{a, []}], [{"a", foo}], foo, undefined,
                  [{"a", [{sni_hosts, []}]}], [{"a", [{sni_hosts, [{"b", []}]}]}]]},
     {sni_fun, Funs},
     {session_tickets, [disabled, manual, auto, stateful, stateless, stateful_with_cert, stateless_with_cert, foo, undefined]},
     {use_ticket, [[], [ticket], [#{sni => "host"}], [#{sni => "other"}], foo, undefined]},
     {early_data, [enabled, disabled, <<"early">>, <<>>, foo, undefined, "early"]},
     {anti_replay, ['10k', '100k', {1, 2, 3}, {1, 2}, foo, undefined]},
     {stateless_tickets_seed, [<<"seed">>, <<>>, "seed", undefined, foo]},
     {ciphers, Suites},
     {supported_groups, [[x25519], [x25519, secp256r1], [secp384r1, x25519mlkem768], [foo], [foo, x25519], [], foo,
                         undefined, [ffdhe2048], [mlkem768, x448], ["x25519"]]},
     {psk_groups, [[x25519], [secp384r1, x25519mlkem768, x25519], [foo], [], foo, undefined]},
     {eccs, [[secp256r1], [secp256r1, x25519], [foo], [], foo, undefined, [secp256r1, foo], [sect571r1]]},
     {signature_algs, [[ecdsa_secp256r1_sha256], [rsa_pss_rsae_sha256, {sha256, rsa}], [{sha256, ecdsa}], [{sha, rsa}],
                       [{md5, rsa}], [{sha256, foo}], [foo], [], foo, undefined, ["x"], [{sha, dsa}], [{sha256, dsa}],
                       [mldsa65], [slh_dsa_sha2_128f], [eddsa_ed25519], [rsa_pkcs1_sha1, ecdsa_sha1],
                       [{sha224, ecdsa}, rsa_pss_pss_sha512], [eddsa_ed25519, foo], [{sha512, rsa_pss_pss}]]},
     {signature_algs_cert, [[ecdsa_secp256r1_sha256], [rsa_pkcs1_sha1], [{sha256, rsa}], [{md5, rsa}], [foo], [], foo,
                            undefined, [mldsa65, rsa_pkcs1_sha512]]},
     {honor_cipher_order, Bools}, {honor_ecc_order, Bools},
     {dh, [<<"dh">>, <<>>, foo, undefined, "dh"]}, {dhfile, [F("none.pem"), "", foo, undefined]},
     {alpn_advertised_protocols, Protocols}, {alpn_preferred_protocols, Protocols},
     {next_protocols_advertised, Protocols},
     {client_preferred_next_protocols, [{client, [<<"a">>]}, {server, [<<"a">>]}, {client, [<<"a">>], <<"b">>},
                                        {foo, [<<"a">>]}, {client, foo}, {client, [foo]}, {client, [<<>>]},
                                        {client, [<<"a">>], foo}, foo, undefined, {client, [<<"a">>], binary:copy(<<"x">>, 256)}]},
     {max_fragment_length, [undefined, 512, 1024, 2048, 4096, 8192, 0, foo]},
     {cookie, Bools},
     {use_srtp, [#{protection_profiles => [<<0, 2>>]}, #{protection_profiles => [<<0, 2>>], mki => <<"m">>}, #{},
                 #{protection_profiles => []}, #{protection_profiles => [<<2>>]}, #{protection_profiles => [<<0, 2>>], x => 1},
                 #{protection_profiles => [<<0, 2>>], mki => foo}, foo, undefined]},
     {handshake, [hello, full, foo, undefined]}, {max_handshake_size, Ints}, {key_update_at, Ints},
     {hibernate_after, Ints}, {receiver_spawn_opts, Lists}, {sender_spawn_opts, Lists},
     {beast_mitigation, [disabled, one_n_minus_one, zero_n, foo]}, {padding_check, Bools},
     {client_renegotiation, Bools}, {renegotiate_at, Ints}, {secure_renegotiate, Bools}, {fallback, Bools},
     {reuse_sessions, [save | Bools]},
     {reuse_session, [<<"id">>, {<<"id">>, <<"data">>}, '$fun/4', '$fun/1', foo, undefined]},
     {psk_identity, ["id", "", <<"id">>, foo, undefined, lists:duplicate(65536, $x)]},
     {srp_identity, [{"user", "password"}, {"", "p"}, {<<"u">>, "p"}, foo, undefined]},
     {user_lookup_fun, [{'$fun/3', s}, {'$fun/2', s}, '$fun/3', foo, undefined]},
     {mode, [binary, list, foo]}, {packet, [0, 1, 2, 4, raw, line, http, "4"]}, {packet_size, [0, 100, foo]},
     {header, [0, 4, foo]}, {active, [true, false, once, 1, 32767, 32768, -32768, -32769, foo, "x"]},
     {nodelay, [true]}, {foo, [bar]}, {reuseaddr, [true]}].

ssl_suites_for_test() ->
    Gcm = #{key_exchange => any, cipher => aes_128_gcm, mac => aead, prf => sha256},
    Old = #{key_exchange => ecdhe_rsa, cipher => aes_128_gcm, mac => aead, prf => sha256},
    [[Gcm], [Old], [Gcm, Old], [], "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256",
     ["TLS_AES_256_GCM_SHA384"], ["TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES128-GCM-SHA256"], ["FOO"], "FOO", "FOO:BAR",
     [<<16#13, 1>>], [<<16#13, 1>>, <<16#c0, 16#2f>>], [<<1, 2>>], [foo], foo, undefined, [Gcm, foo], [#{}],
     [Gcm#{prf := sha384}], [{ecdhe_rsa, aes_128_gcm, null, sha256}], [{ecdhe_rsa, aes_128_cbc, sha}],
     [{any, aes_128_gcm, aead, sha256}], [{a, b}], "AES128-SHA:RC4-SHA", [#{key_exchange => any, cipher => aes_128_ccm_8,
                                                                          mac => aead, prf => sha256}],
     [#{key_exchange => psk, cipher => aes_128_gcm, mac => aead, prf => sha256}], ["PSK-AES128-GCM-SHA256"], 1, <<"X">>].

%%--------------------------------------------------------------------------------------------------------------
%% Comparing
%%--------------------------------------------------------------------------------------------------------------

compare(Dir, Show) ->
    {ok, A} = file:read_file(filename:join(Dir, "stock.answers")),
    {ok, B} = file:read_file(filename:join(Dir, "candidate.answers")),
    Stock = binary_to_term(A),
    Candidate = binary_to_term(B),
    true = [Q || {Q, _} <- Stock] =:= [Q || {Q, _} <- Candidate],
    {Same, Explained, Faults} = lists:foldl(fun count/2, {0, #{}, []}, lists:zip(Stock, Candidate)),
    io:format("~b questions, ~b answers equal~n", [length(Stock), Same]),
    _ = [io:format("~6b differ: ~s~n", [N, Why]) || {Why, N} <- lists:sort(maps:to_list(Explained))],
    io:format("~b differ without a reason~n", [length(Faults)]),
    [TextsOfStock, Texts] = [begin {ok, T} = file:read_file(filename:join(Dir, Which ++ ".texts")), binary_to_term(T) end
                             || Which <- ["stock", "candidate"]],
    Common = maps:with(maps:keys(Texts), TextsOfStock),
    %% Stock crashes on errors that are none of connect, listen or handshake.
    Others = [{E, T, map_get(E, Texts)} || {E, T} <- maps:to_list(Common), map_get(E, Texts) =/= T, not is_tuple(T)],
    io:format("~b errors of both, ~b texts of format_error/1 differ~n", [map_size(Common), length(Others)]),
    _ = [io:format("~n~0tp~n  stock ~0tp~n  here  ~0tp~n", [E, S, C]) || {E, S, C} <- lists:sublist(Others, Show)],
    _ = [io:format("~n~0tp~n  stock ~0tp~n  here  ~0tp~n", [Q, S, C])
         || {Q, S0, C0} <- lists:sublist(lists:reverse(Faults), Show), {S, C} <- [shortened(S0, C0)]],
    length(Faults) + length(Others).

count({{Q, Answer}, {Q, Answer}}, {Same, Explained, Faults}) ->
    {Same + 1, Explained, Faults};
count({{Q, Stock}, {Q, Here}}, {Same, Explained, Faults}) ->
    case explained(Q, Stock, Here) of
        false -> {Same, Explained, [{Q, Stock, Here} | Faults]};
        Why -> {Same, maps:update_with(Why, fun(N) -> N + 1 end, 1, Explained), Faults}
    end.

shortened({ok, #{ssl := A} = S}, {ok, #{ssl := B} = C}) ->
    {SA, SB} = shortened(A, B),
    {{ok, changed(S#{ssl := SA}, C)}, {ok, changed(C#{ssl := SB}, S)}};
shortened(A, B) when is_map(A), is_map(B) -> {changed(A, B), changed(B, A)};
shortened(A, B) -> {A, B}.

changed(A, B) -> maps:filter(fun(K, V) -> maps:find(K, B) =/= {ok, V} end, A).

%% Why an answer may differ.
explained(_, Stock, {error, {options, {not_supported_yet, {protocol, dtls}}}})
  when element(1, Stock) =:= ok; is_map(Stock) ->
    "accepted by stock, does not work yet: protocol (dtls)";
explained(_, {ok, _}, {error, {options, {not_supported_yet, {Option, _}}}}) ->
    "accepted by stock, does not work yet: " ++ atom_to_list(Option);
explained({update, _, _, _}, #{}, {error, {options, {not_supported_yet, {Option, _}}}}) ->
    "accepted by stock, does not work yet: " ++ atom_to_list(Option);
explained({call, ssl, format_error, [_]}, {exception, error, _}, [_ | _]) ->
    "stock crashes on a reason that is none, this prints it";
explained({Kind, _}, {exception, error, _}, {error, _}) when Kind =:= listen ->
    "stock crashes, this reports the option";
explained({Kind, _, _}, {exception, error, _}, {error, _}) when Kind =:= connect; Kind =:= upgrade ->
    "stock crashes, this reports the option";
explained({update, _, _, _}, {exception, error, _}, {error, _}) ->
    "stock crashes, this reports the option";
explained({call, ssl, str_to_suite, [_]}, #{cipher := null}, {error, {not_recognized, _}}) ->
    "suite without encryption: no list has it, stock makes another suite of its name";
explained({call, ssl, str_to_suite, [Name]}, #{} = Made, {error, {not_recognized, Name}}) ->
    try ssl_cipher_format:suite_bin_to_map(ssl_cipher_format:suite_map_to_bin(Made)) =:= Made of
        true -> false;
        false -> name_of_none()
    catch
        error:_ -> name_of_none()
    end;
explained({call, ssl, str_to_suite, [_]}, {error, {not_recognized, _}}, #{}) ->
    "spelling of a suite's name that stock takes for some suites and not for others";
explained({update, _, First, _}, #{eccs := []}, #{eccs := [_ | _]}) ->
    case lists:member({versions, ['tlsv1.3']}, First) of
        true -> "older versions enabled later: stock keeps the empty list of curves of TLS 1.3 alone";
        false -> false
    end;
explained({update, _, _, Second} = Q, #{} = Stock, #{} = Here) when not is_map_key('$seen', Stock) ->
    %% Versions enabled later: stock keeps some of what meant something in others.
    Gone = case lists:keyfind(versions, 1, lists:reverse(Second)) of
               {_, ['tlsv1.2']} -> [psk_groups, supported_groups];
               {_, [V]} when V =:= tlsv1; V =:= 'tlsv1.1' -> [psk_groups, supported_groups, signature_algs, signature_algs_cert];
               _ -> []
           end,
    Without = fun(Map) -> maps:without(Gone, as_stock_resumes(Map)) end,
    case Without(Stock) =:= Without(Here) of
        true when Gone =/= [] -> "older versions alone enabled later: stock keeps options of TLS 1.3, which mean nothing then";
        _ -> explained(Q, Stock#{'$seen' => true}, Here#{'$seen' => true})
    end;
explained({call, ssl_cipher_format, suite_map_to_bin, _}, {exception, error, function_clause}, <<_:16>>) ->
    "hash of the PRF that the suite implies: stock insists for some suites and not for others";
explained({call, ssl_cipher_format, suite_map_to_bin, _}, <<Code:16>>, {exception, error, function_clause})
  when Code >= 16#C09C, Code =< 16#C0A3 ->
    "suites of RFC 6655 with RSA: stock knows their codes but offers them nowhere";
explained(Q, Stock, Here) ->
    case {bad_der(Q) orelse as_stock_resumes(Here) =:= Stock, Stock, Here} of
        {true, _, _} when Stock =/= Here, is_map(Here) orelse element(1, Here) =:= ok ->
            "servers that verify their clients resume sessions with extended master secret, which stock does not have";
        {true, _, {error, {options, {key, {'RSAPrivateKey', foo}}}}} ->
            "key whose DER is no binary: stock finds out when it needs the key";
        _ ->
            false
    end.

%% The default of reuse_sessions.
as_stock_resumes({ok, #{ssl := Opts} = Parsed}) -> {ok, Parsed#{ssl := as_stock_resumes(Opts)}};
as_stock_resumes(#{reuse_sessions := extended} = Opts) -> Opts#{reuse_sessions := false};
as_stock_resumes(Other) -> Other.

name_of_none() -> "name of no suite: stock takes it apart without asking whether there is one".

bad_der({_, Opts}) -> has_bad_key(Opts);
bad_der({_, _, Opts}) -> has_bad_key(Opts);
bad_der({_, _, _, Opts}) -> has_bad_key(Opts);
bad_der(_) -> false.

has_bad_key(Opts) -> is_list(Opts) andalso lists:member({key, {'RSAPrivateKey', foo}}, Opts).
