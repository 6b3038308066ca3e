%% Certificates, keys and trust stores: verification as OTP 29 does it (RFC 5280, RFC 8446 section 4.4.2), every kind of
%% private key, files that change, options by server name, and what all this costs per connection.
-module(ssl_certificates_SUITE).
-include_lib("common_test/include/ct.hrl").
-include_lib("public_key/include/public_key.hrl").
-compile([export_all, nowarn_export_all]).

-import(certificate_maker, [ca/2, leaf/3, der/1, key/1, chain/1]).

suite() -> [{timetrap, {seconds, 120}}].

all() -> [{group, verdicts}, {group, keys}, {group, groups}, {group, files}, {group, costs}].

groups() ->
    [{verdicts, [], [verdicts_directly, verdicts_through_api, server_names_through_api, hostile_lists_end_in_time,
                     user_verdict_is_asked_beside_native_one, address_of_upgraded_socket, name_given_after_the_hello]},
     {keys, [parallel], [keys_sign_what_public_key_verifies, signatures_of_other_keys_are_refused, sign_fun, sign_fun_crash,
                         order_of_credentials, schemes_fit_size_and_parameters, pairs_of_tls12_are_no_schemes,
                         key_forms, passwords_of_clients, key_of_another_certificate, handshakes_with_all_keys,
                         own_chain_is_completed]},
     {groups, [parallel], [ffdhe_primes, both_sides_agree, bad_shares_are_refused]},
     {files, [], [changed_certificate_is_used_by_next_connection, changed_trust_store_is_used_a_second_later,
                  settled_file_is_read_once, deleted_certificate_harms_nothing,
                  reasons_for_bad_files, keys_do_not_show_in_reasons]},
     {costs, [], [configuration_is_found_again, identical_options_cost_microseconds, context_is_small]}].

init_per_suite(Config) ->
    {ok, _} = application:ensure_all_started(ssl),
    ct:pal("ssl: ~ts", [code:which(ssl)]),
    Config.

end_per_suite(_) -> ok.

init_per_testcase(_, Config) -> Config.
end_per_testcase(_, _) -> ok.

%%--------------------------------------------------------------------------------------------------------------------
%% Verdicts
%%--------------------------------------------------------------------------------------------------------------------

%% What is not as with stock OTP 29, and why.
different(directly, sha1_not_allowed) -> {alert, unsupported_certificate, "unsupported_signature"};  % the server is not there to refuse
different(directly, client_unknown_ca) -> {alert, unknown_ca, ""};             % nor the client to send nothing
different(directly, none_garbage) -> ok;                                       % verify_none does not look
different(through_api, none_garbage) -> ok;
%% RFC 4055 section 1.2: a key of rsaEncryption may make PSS signatures. OTP takes them when the root is sent.
different(through_api, root_of_same_key_pss_not_sent) -> ok;
different(directly, root_of_same_key_pss_not_sent) -> case has_policies() of true -> ok; false -> skip end;  % older public_key
%% RFC 8446 section 4.4.2.2: keyUsage, if there, must allow signatures; OTP does not look.
different(through_api, leaf_usage_without_signature) -> {alert, illegal_parameter, ""};
%% Their public_key has no policies: options that ask for them are refused, and none are told.
different(_, policy_wanted) -> case has_policies() of true -> same; false -> skip end;
different(_, fun_accepts_depth) -> case has_policies() of true -> same; false -> skip end;
different(_, _) -> same.

has_policies() -> element(1, code:ensure_loaded(pubkey_policy_tree)) =:= module.

verdicts_directly(Config) ->
    verdicts(directly, fun certificate_cases:directly/1, Config).

verdicts_through_api(Config) ->
    verdicts(through_api, fun certificate_cases:through_api/1, Config).

verdicts(How, Run, Config) ->
    Shared = certificate_cases:prepare(),
    Expected = expected(Config),
    Wrong = [{Name, Want, Got}
             || Name <- certificate_cases:names(), different(How, Name) =/= skip,
                {Outcome, Events} <- [maps:get(Name, Expected)],
                Want <- [case different(How, Name) of
                             same -> {Outcome, Events};
                             Other -> {Other, Events}
                         end],
                Got <- [Run(certificate_cases:build(Name, Shared))],
                not agree(Want, Got), Got =/= not_asked],
    [ct:pal("~p~n  expected ~p~n  got      ~p", [N, W, G]) || {N, W, G} <- Wrong],
    [] = [N || {N, _, _} <- Wrong],
    ok.

%% Where OTP's text says no more than the alert's name, ours may.
agree(Same, Same) -> true;
agree({{alert, Name, Text}, Events}, {{alert, Name, _}, Events}) -> Text =:= "" orelse Text =:= "certificate_required";
agree({Seen, {alert, Name, Text}}, {Seen, {alert, Name, _}}) -> Text =:= "" orelse Text =:= "certificate_required";
agree(_, _) -> false.

expected(Config) ->
    {ok, Terms} = file:consult(filename:join(?config(data_dir, Config), "otp29.term")),
    maps:from_list(Terms).

server_names_through_api(Config) ->
    Shared = certificate_cases:sni_prepare(),
    Expected = (expected(Config))#{
                 %% OTP trips over options that are no list.
                 sni_fun_no_list => {{alert, handshake_failure, ""},
                                     {alert, handshake_failure, "sni_fun_provided_erroneous_options"}}},
    [] = [{Name, Want, Got} || Name <- certificate_cases:sni_names(),
                               Want <- [maps:get(Name, Expected)],
                               Got <- [certificate_cases:sni_through_api(Name, Shared)],
                               not agree(Want, Got)],
    ok.

%% CVE-2026-58227 and its like: much too much, in circles, all of one name.
hostile_lists_end_in_time(_) ->
    Root = ca("root", self),
    Keys = [key(p256) || _ <- lists:seq(1, 8)],
    %% Eight CAs of one name that all certify each other: every path search without a budget is exponential.
    Selfs = [ca(#{name => "same", key => K}, self) || K <- Keys],
    Mesh = [der(ca(#{name => "same", key => K}, S)) || K <- Keys, S <- Selfs],
    Leaf = leaf(["localhost"], hd(Selfs), #{}),
    Stray = der(ca("stray", self)),
    Lists = [[der(Leaf) | Mesh],
             [der(Leaf), Stray | Mesh],
             [der(Leaf), Stray | lists:append(lists:duplicate(10, Mesh))],
             [der(Leaf) | lists:append(lists:duplicate(10, Mesh))],
             [der(Leaf) | lists:duplicate(2000, der(Leaf))],
             [der(Leaf) | lists:duplicate(1000, der(hd(Selfs)))]],
    [begin
         Case = #{verifier => client, sent => List, options => [{cacerts, [der(Root)]}]},
         {Time, {{alert, Alert, _}, []}} = timer:tc(fun() -> certificate_cases:directly(Case) end),
         ct:pal("~p certificates: ~p in ~p ms", [length(List), Alert, Time div 1000]),
         true = Time < 2_000_000
     end || List <- Lists],
    ok.

%% What the core does not decide it asks: with a fun that is nothing special the outcome is the same.
user_verdict_is_asked_beside_native_one(_) ->
    #{root := Root, good := Good, int := Int} = Shared = certificate_cases:prepare(),
    _ = Shared,
    [{ok, _} = certificate_cases:through_api(#{verifier => client, sent => Sent, key => maps:get(key, Good),
                                               options => [{cacerts, [der(Root)]} | Options]})
     || Options <- [[], [{verify_fun, {fun(_, {extension, _}, S) -> {unknown, S}; (_, {bad_cert, R}, _) -> {fail, R};
                                          (_, _, S) -> {valid, S} end, []}}],
                    [{partial_chain, fun(_) -> unknown_ca end}], [{depth, 1}]],
        Sent <- [[der(Good), der(Int)], [der(Good), der(Int), der(Root)]]],
    ok.

%% `ssl:connect/2` has no host but the address of the peer, and that is verified.
address_of_upgraded_socket(_) ->
    Root = ca("root", self),
    [begin
         Leaf = leaf([], Root, #{extensions => [certificate_maker:alt_names([{iPAddress, Address}])]}),
         {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {active, false} | own(Leaf)]),
         {ok, {_, Port}} = ssl:sockname(Listen),
         Acceptor = spawn_link(fun() -> accept_all(Listen) end),
         {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
         Outcome = case ssl:connect(Socket, [{cacerts, [der(Root)]}, {versions, ['tlsv1.3']}, {active, false}], 5000) of
                       {ok, Tls} -> ssl:close(Tls);
                       {error, {tls_alert, {Alert, _}}} -> Alert
                   end,
         unlink(Acceptor),
         ssl:close(Listen)
     end || {Address, Outcome} <- [{<<127, 0, 0, 1>>, ok}, {<<127, 0, 0, 2>>, bad_certificate}]],
    ok.

%% handshake_continue may name another host than the hello did, or one where the hello had none: that one counts. (Stock
%% OTP 29 gives the same outcomes.)
name_given_after_the_hello(_) ->
    Root = ca("root", self),
    #{key := Key} = Leaf = leaf(["good.test"], Root, #{}),
    {ok, L} = ssl:listen(0, [{active, false}, {certs_keys, [#{cert => der(Leaf), key => private(Key)}]}]),
    {ok, {_, Port}} = ssl:sockname(L),
    Acceptor = spawn_link(fun() -> accept_all(L) end),
    Try = fun(Early, Late) ->
                  {ok, Paused, _} = ssl:connect("localhost", Port, [{active, false}, {verify, verify_peer}, {handshake, hello},
                                                                    {cacerts, [der(Root)]},
                                                                    {server_name_indication, Early}], 5000),
                  case ssl:handshake_continue(Paused, [{server_name_indication, N} || N <- Late], 5000) of
                      {ok, S} -> ssl:close(S);
                      {error, {tls_alert, {Alert, _}}} -> Alert
                  end
          end,
    ok = Try("good.test", []),
    bad_certificate = Try("bad.test", []),
    bad_certificate = Try("good.test", ["bad.test"]),
    ok = Try("bad.test", ["good.test"]),
    bad_certificate = Try(disable, ["bad.test"]),
    ok = Try(disable, ["good.test"]),
    ok = Try("bad.test", [disable]),
    unlink(Acceptor),
    ok = ssl:close(L).

private(Key) -> {'ECPrivateKey', public_key:der_encode('ECPrivateKey', Key)}.

accept_all(L) ->
    case ssl:transport_accept(L) of
        {ok, Accepted} ->
            Server = spawn(fun() ->
                                   receive go -> ok end,
                                   _ = ssl:handshake(Accepted, 5000),
                                   receive after 5000 -> ok end
                           end),
            ok = ssl:controlling_process(Accepted, Server),
            Server ! go,
            accept_all(L);
        {error, _} ->
            ok
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Keys
%%--------------------------------------------------------------------------------------------------------------------

kinds() ->
    [p256, p384, {curve, secp521r1}, {curve, brainpoolP256r1}, {curve, brainpoolP384r1}, {curve, brainpoolP512r1},
     ed25519, ed448, {rsa, 2048}] ++ post_quantum().

post_quantum() -> [Kind || Kind <- [mldsa44, mldsa65, mldsa87, slh_dsa_sha2_128f], ssl_algorithms:crypto(public_keys, Kind)].

keys_sign_what_public_key_verifies(_) ->
    Root = ca("root", self),
    [begin
         Made = leaf(["localhost"], Root, #{key => key(Kind)}),
         Schemes = ssl_keys:schemes(maps:get(key, Made), maps:get(otp, Made)),
         [_ | _] = Schemes,
         [begin
              {ok, Signature} = ssl_keys:sign(maps:get(key, Made), Scheme, <<"message">>),
              true = ssl_keys:verify(Scheme, der(Made), <<"message">>, Signature),
              false = ssl_keys:verify(Scheme, der(Made), <<"massage">>, Signature),
              false = ssl_keys:verify(Scheme, der(Made), <<"message">>, <<>>)
          end || Scheme <- Schemes]
     end || Kind <- kinds()],
    ok.

%% RFC 8446 section 4.2.3: a scheme goes with its kind of key and its curve only.
signatures_of_other_keys_are_refused(_) ->
    Root = ca("root", self),
    All = [leaf(["localhost"], Root, #{key => key(Kind)}) || Kind <- kinds()],
    Schemes = fun(#{key := Key, otp := Otp}) -> ssl_keys:schemes(Key, Otp) end,
    [begin
         [Scheme | _] = Schemes(Made),
         {ok, Signature} = ssl_keys:sign(maps:get(key, Made), Scheme, <<"message">>),
         [false = ssl_keys:verify(S, der(Other), <<"message">>, Signature)
          || Other <- All, S <- Schemes(Other), {S, Other} =/= {Scheme, Made}, not lists:member(S, Schemes(Made))],
         [false = ssl_keys:verify(Scheme, der(Other), <<"message">>, Signature) || Other <- All, Other =/= Made]
     end || Made <- All],
    ok.

sign_fun(_) ->
    [begin
         #{key := Key} = Made = leaf(["localhost"], Root, #{key => key(Kind)}),
         Test = self(),
         Fun = fun(Message, Hash, Options) ->
                       Test ! {signed, Hash, Options},
                       public_key:sign(Message, Hash, Key, lists:keydelete(mine, 1, Options))
               end,
         Case = #{key => #{algorithm => Algorithm, sign_fun => Fun, sign_opts => [{mine, 1}]}},
         {ok, _} = handshake([{cert, [der(Made)]}, {key, maps:get(key, Case)}], [{cacerts, [der(Root)]}]),
         receive {signed, Hash, Options} -> ct:pal("~p ~p ~p", [Kind, Hash, Options]) after 0 -> ct:fail(not_asked) end
     end || {Kind, Algorithm} <- [{p256, ecdsa}, {ed25519, eddsa}, {{rsa, 2048}, rsa}], Root <- [ca("root", self)]],
    ok.

sign_fun_crash(_) ->
    Root = ca("root", self),
    Made = leaf(["localhost"], Root, #{}),
    [begin
         {error, {tls_alert, {handshake_failure, Text}}} =
             handshake([{cert, [der(Made)]}, {key, #{algorithm => ecdsa, sign_fun => Fun}}], [{cacerts, [der(Root)]}]),
         nomatch = string:find(Text, "secret")
     end || Fun <- [fun(_, _, _) -> error(secret) end, fun(_, _, _) -> throw(secret) end, fun(_, _, _) -> exit(secret) end,
                    fun(_, _, _) -> {no, signature, "secret"} end]],
    ok.

%% RFC 8017 section 9.1.1; RFC 4055 section 3.1. (1024 bits: no SHA-512.)
schemes_fit_size_and_parameters(_) ->
    Small = public_key:generate_key({rsa, 1024, 65537}),
    [rsa_pss_rsae_sha384, rsa_pss_rsae_sha256, rsa_pkcs1_sha384, rsa_pkcs1_sha256] = ssl_keys:schemes(Small, undefined),
    Sha256 = #'HashAlgorithm'{algorithm = ?'id-sha256'},
    Parameters = #'RSASSA-PSS-params'{hashAlgorithm = Sha256, saltLength = 32, trailerField = 1,
                                      maskGenAlgorithm = #'MaskGenAlgorithm'{algorithm = ?'id-mgf1', parameters = Sha256}},
    [rsa_pss_pss_sha256] = ssl_keys:schemes({Small, Parameters}, undefined),
    ok.

%% Pairs of hash and algorithm are of TLS 1.2, where ECDSA says no curve.
pairs_of_tls12_are_no_schemes(_) ->
    Root = ca("root", self),
    {error, {options, {no_supported_algorithms, _}}} =
        connected([{cacerts, [der(Root)]}, {versions, ['tlsv1.3']}, {signature_algs, [{sha256, ecdsa}]}]),
    {error, {tls_alert, {insufficient_security, _}}} =
        handshake(own(leaf(["localhost"], Root, #{})),
                  [{cacerts, [der(Root)]}, {signature_algs, [{sha256, ecdsa}, {sha, ecdsa}]}]),
    ok.

%% mldsa, slhdsa, eddsa, ecdsa, rsa; among curves the longest first.
order_of_credentials(_) ->
    Keys = [{K, key(K)} || K <- [{rsa, 2048}, p256, {curve, brainpoolP256r1}, ed448, p384, ed25519, {curve, secp521r1}]],
    Fun = #{algorithm => ecdsa, sign_fun => fun(_, _, _) -> <<>> end},
    Pairs = [{Key, Kind} || {Kind, Key} <- Keys] ++ [{Fun, foreign}],
    [ed25519, ed448, foreign, {curve, secp521r1}, p384, p256, {curve, brainpoolP256r1}, {rsa, 2048}] =
        [Kind || {_, Kind} <- ssl_keys:prioritize(Pairs)],
    ok.

%% PKCS#1, SEC 1, PKCS#8; DER and PEM; encrypted; certificate and key in one file.
key_forms(Config) ->
    Root = ca("root", self),
    Dir = ?config(priv_dir, Config),
    [begin
         #{key := Key} = Made = leaf(["localhost"], Root, #{key => key(Kind)}),
         Own = public_key:der_encode(Type, Key),
         Pkcs8 = public_key:der_encode('PrivateKeyInfo', Key),
         Cert = {'Certificate', der(Made), not_encrypted},
         Encrypted = public_key:pem_entry_encode(Type, Key, {{"AES-128-CBC", crypto:strong_rand_bytes(16)}, "password"}),
         Write = fun(Name, Entries) ->
                         File = filename:join(Dir, lists:flatten(io_lib:format("~p_~s", [Type, Name]))),
                         ok = file:write_file(File, public_key:pem_encode(Entries)),
                         File
                 end,
         CertFile = Write("cert.pem", [Cert]),
         Forms = [[{cert, der(Made)}, {key, {Type, Own}}],
                  [{cert, der(Made)}, {key, {'PrivateKeyInfo', Pkcs8}}],
                  [{certfile, CertFile}, {keyfile, Write("key.pem", [{Type, Own, not_encrypted}])}],
                  [{certfile, CertFile}, {keyfile, Write("key8.pem", [{'PrivateKeyInfo', Pkcs8, not_encrypted}])}],
                  [{certfile, CertFile}, {keyfile, Write("enc.pem", [Encrypted])}, {password, "password"}],
                  [{certfile, CertFile}, {keyfile, Write("enc.pem", [Encrypted])}, {password, fun() -> "password" end}],
                  [{certfile, Write("both.pem", [Cert, {Type, Own, not_encrypted}])}],
                  [{certs_keys, [#{cert => der(Made), key => {Type, Own}}]}],
                  [{certs_keys, [#{certfile => CertFile, keyfile => Write("enc.pem", [Encrypted]), password => "password"}]}]],
         [{ok, _} = handshake(Form, [{cacerts, [der(Root)]}]) || Form <- Forms]
     end || {Kind, Type} <- [{p256, 'ECPrivateKey'}, {{rsa, 2048}, 'RSAPrivateKey'}, {ed25519, 'ECPrivateKey'}]],
    ok.

%% A client finds out when it is connected: then its server sees the connection closed. (Reasons as OTP 29 gives them.)
passwords_of_clients(Config) ->
    #{key := Key} = Made = leaf(["localhost"], ca("root", self), #{key => key({rsa, 2048})}),
    File = fun(Name, Entry) ->
                   Path = filename:join(?config(priv_dir, Config), Name),
                   ok = file:write_file(Path, public_key:pem_encode([Entry])),
                   Path
           end,
    Cert = File("password_cert.pem", {'Certificate', der(Made), not_encrypted}),
    Encrypted = File("password_key.pem", public_key:pem_entry_encode('RSAPrivateKey', Key,
                                                                     {{"AES-128-CBC", <<1:128>>}, "password"})),
    Own = [{'RSAPrivateKey', public_key:der_encode('RSAPrivateKey', Key), not_encrypted}],
    Open = File("password_open.pem", hd(Own)),
    {ok, L} = gen_tcp:listen(0, [{active, false}]),
    {ok, Port} = inet:port(L),
    Connect = fun(KeyFile, Password) ->
                      Result = ssl:connect("localhost", Port, [{verify, verify_none}, {certfile, Cert}, {keyfile, KeyFile}
                                                              | [{password, Password} || Password =/= none]], 1000),
                      {ok, Plain} = gen_tcp:accept(L, 5000),
                      _ = [{error, closed} = gen_tcp:recv(Plain, 0, 5000) || Result =/= {error, timeout}],
                      ok = gen_tcp:close(Plain),
                      Result
              end,
    {error, {options, {keyfile, Encrypted, _}}} = Connect(Encrypted, "wrong"),
    {error, {options, {keyfile, Encrypted, _}}} = Connect(Encrypted, fun() -> <<"wrong">> end),
    [begin
         {error, {keyfile, Reason}} = Connect(Encrypted, Password),
         true = is_atom(Reason)
     end || Password <- [none, [hello], fun() -> hello end, fun() -> [hello] end]],
    {error, {keyfile, unknown}} = Connect(Encrypted, fun() -> error(unknown) end),
    %% Nobody is asked for the password of a key that needs none.
    {error, timeout} = Connect(Open, fun() -> error(unknown) end),
    {error, timeout} = Connect(Encrypted, fun() -> "password" end),
    ok = gen_tcp:close(L),
    {error, econnrefused} = ssl:connect("localhost", Port, [{verify, verify_none}, {certfile, "/none"}], 5000),
    {error, {options, {password, hello}}} = ssl:connect("localhost", Port, [{verify, verify_none}, {certfile, Cert},
                                                                            {keyfile, Encrypted}, {password, hello}]).

%% Listening works, as with OTP; the peer finds out.
key_of_another_certificate(_) ->
    Root = ca("root", self),
    {error, {tls_alert, {_, _}}} =
        handshake([{cert, der(leaf(["localhost"], Root, #{}))},
                   {key, {'ECPrivateKey', public_key:der_encode('ECPrivateKey', key(p256))}}], [{cacerts, [der(Root)]}]),
    ok.

handshakes_with_all_keys(_) ->
    [begin
         Root = ca(#{name => "root", key => key(Kind)}, self),
         Made = leaf(["localhost"], Root, #{key => key(Kind)}),
         {ok, _} = handshake(own(Made), [{cacerts, [der(Root)]}])
     end || Kind <- [{rsa, 1024} | kinds() -- post_quantum()]],
    Root = ca("root", self),
    [{ok, _} = handshake(own(leaf(["localhost"], Root, #{key => key(Kind)})), [{cacerts, [der(Root)]}])
     %% (public_key cannot encode the ML-DSA keys that it makes.)
     || Kind <- [slh_dsa_sha2_128f], lists:member(Kind, post_quantum())],
    ok.

%% A server that has the leaf only finds the rest in its trust store, as OTP does, the root included.
own_chain_is_completed(_) ->
    Root = ca("root", self),
    Int = ca("int", Root),
    Leaf = leaf(["localhost"], Int, #{}),
    [H | Tail] = [der(Leaf), der(Int), der(Root)],
    Trust = ssl_trust:from_list(Tail),
    [H | Tail] = [D || #cert{der = D} <- ssl_chain:complete(#cert{der = H, otp = maps:get(otp, Leaf)}, Trust)],
    {ok, _} = handshake([{cacerts, Tail} | own(Leaf)], [{cacerts, [der(Root)]}]),
    {error, {tls_alert, {unknown_ca, _}}} = handshake(own(Leaf), [{cacerts, [der(Root)]}]),
    ok.

own(#{der := Der, key := Key}) ->
    [{cert, Der}, {key, {'PrivateKeyInfo', public_key:der_encode('PrivateKeyInfo', Key)}}].

%% What a client's connect gives.
handshake(ServerOptions, ClientOptions) ->
    Common = [{versions, ['tlsv1.3']}, {log_level, none}, {active, false}],
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}} | ServerOptions] ++ Common),
    Result = connect(Listen, ClientOptions ++ Common),
    ssl:close(Listen),
    Result.

connect(Listen, Options) ->
    {ok, {_, Port}} = ssl:sockname(Listen),
    {Server, Ref} = spawn_monitor(fun() ->
                                          {ok, Transport} = ssl:transport_accept(Listen, 5000),
                                          case ssl:handshake(Transport, 5000) of
                                              {ok, Socket} ->
                                                  ok = ssl:send(Socket, "x"),
                                                  {error, closed} = ssl:recv(Socket, 0, 5000);
                                              {error, {tls_alert, _}} ->
                                                  ok
                                          end
                                  end),
    Result = case ssl:connect("localhost", Port, Options, 5000) of
                 {ok, Socket} ->
                     {ok, Der} = ssl:peercert(Socket),
                     {ok, _} = ssl:recv(Socket, 1, 5000),
                     ssl:close(Socket),
                     {ok, Der};
                 {error, _} = Error ->
                     Error
             end,
    receive {'DOWN', Ref, _, Server, normal} -> ok end,
    Result.

%%--------------------------------------------------------------------------------------------------------------------
%% Key exchange
%%--------------------------------------------------------------------------------------------------------------------

%% SHA-256 of the primes of RFC 7919.
ffdhe_primes(_) ->
    [Hash = binary:encode_hex(crypto:hash(sha256, binary:encode_unsigned(ssl_kx:ffdhe_prime(Group))))
     || {Group, Hash} <- [{ffdhe2048, <<"9CD3B7F336872F46C09428D1BBC19877A4D440512CDA8D1C1CF0CD6E33698966">>},
                          {ffdhe3072, <<"0EAF67DB3A839156D5013494A5318A772B5697D270D721F37F092EFC69EA5A17">>},
                          {ffdhe4096, <<"4648414224AC881B3D0DC59B466F96D06A558278776807797ECF1F66FF397B3E">>},
                          {ffdhe6144, <<"227AC9066B3DDD9E193670CDA2388FA884F65BA0CF98B742D1FE77A6687C79C7">>},
                          {ffdhe8192, <<"770B14EFAF6F049929C523113B3FA99A8D11DAB1B18AF3609590122075D19833">>}]],
    ok.

%% All groups that this release has, but for those that the core has and its crypto does not.
groups_here() ->
    [G || G <- ssl_algorithms:groups(), G =/= x25519mlkem768 orelse ssl_algorithms:crypto(kems, mlkem768)].

both_sides_agree(_) ->
    [begin
         {Share, Private} = ssl_kx:generate(Group),
         {ok, Public, Secret} = ssl_kx:respond(Group, Share),
         {ok, Secret} = ssl_kx:agree(Group, Private, Public)
     end || Group <- groups_here()],
    ok.

bad_shares_are_refused(_) ->
    [begin
         {Share, Private} = ssl_kx:generate(Group),
         {ok, Public, _} = ssl_kx:respond(Group, Share),
         [error = ssl_kx:respond(Group, Bad) || Bad <- bad(Group, Share)],
         [error = ssl_kx:agree(Group, Private, Bad) || Bad <- bad(Group, Public)]
     end || Group <- groups_here()],
    ok.

bad(Group, Share) ->
    Size = byte_size(Share),
    [<<>>, <<Share/binary, 0>>, binary:part(Share, 0, Size - 1)]
        ++ case atom_to_list(Group) of
               "mlkem" ++ _ -> [];
               "ffdhe" ++ _ -> [<<0:Size/unit:8>>, <<1:Size/unit:8>>, binary:copy(<<255>>, Size),
                                <<(ssl_kx:ffdhe_prime(Group) - 1):Size/unit:8>>];
               _ -> [<<0:Size/unit:8>>]
           end.

%%--------------------------------------------------------------------------------------------------------------------
%% Files
%%--------------------------------------------------------------------------------------------------------------------

pem(File, #{der := Der, key := Key}) ->
    ok = file:write_file(File, public_key:pem_encode(
                                 [{'Certificate', Der, not_encrypted},
                                  {'PrivateKeyInfo', public_key:der_encode('PrivateKeyInfo', Key), not_encrypted}])).

changed_certificate_is_used_by_next_connection(Config) ->
    File = filename:join(?config(priv_dir, Config), "changing.pem"),
    Root = ca("root", self),
    Client = [{cacerts, [der(Root)]}, {versions, ['tlsv1.3']}, {active, false}],
    [First, Second] = [leaf(["localhost"], Root, #{}) || _ <- [1, 2]],
    pem(File, First),
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {certfile, File}, {versions, ['tlsv1.3']}, {active, false}]),
    {ok, Der1} = connect(Listen, Client),
    Der1 = der(First),
    ok = file:delete(File),
    pem(File, Second),
    timer:sleep(1100),
    {ok, Der2} = connect(Listen, Client),
    Der2 = der(Second),
    ssl:close(Listen),
    ok.

%% And at once when the user says so.
changed_trust_store_is_used_a_second_later(Config) ->
    File = filename:join(?config(priv_dir, Config), "roots.pem"),
    [Root, Other] = [ca("root", self), ca("other", self)],
    Made = leaf(["localhost"], Root, #{}),
    Key = {'PrivateKeyInfo', public_key:der_encode('PrivateKeyInfo', map_get(key, Made))},
    Connect = fun() -> handshake([{cert, der(Made)}, {key, Key}], [{cacertfile, File}]) end,
    pem(File, Root),
    {ok, _} = Connect(),
    pem(File, Other),
    timer:sleep(1100),
    {error, {tls_alert, {unknown_ca, _}}} = Connect(),
    pem(File, Root),
    ok = ssl:clear_pem_cache(),
    {ok, _} = Connect(),
    ok.

%% Found to be the same once after it had settled, a file is known by what it is and when it changed.
settled_file_is_read_once(Config) ->
    File = filename:join(?config(priv_dir, Config), "settled.pem"),
    ok = file:write_file(File, "abc"),
    {ok, {_, {content, _}} = Identity} = ssl_trust:file_identity(File),
    false = ssl_trust:changed(File, Identity),
    timer:sleep(3100),
    {ok, {_, stable}} = ssl_trust:file_identity(File),
    [false = ssl_trust:changed(File, Identity) || _ <- [1, 2]],
    ok = file:write_file(File, "abd"),
    true = ssl_trust:changed(File, Identity),
    ok.

deleted_certificate_harms_nothing(Config) ->
    File = filename:join(?config(priv_dir, Config), "deleted.pem"),
    Root = ca("root", self),
    pem(File, leaf(["localhost"], Root, #{})),
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {certfile, File}, {versions, ['tlsv1.3']}, {active, false}]),
    ok = file:delete(File),
    timer:sleep(1100),
    {ok, _} = connect(Listen, [{cacerts, [der(Root)]}, {versions, ['tlsv1.3']}, {active, false}]),
    ssl:close(Listen),
    ok.

reasons_for_bad_files(Config) ->
    Dir = ?config(priv_dir, Config),
    Root = ca("root", self),
    Good = filename:join(Dir, "good.pem"),
    Empty = filename:join(Dir, "empty.pem"),
    pem(Good, leaf(["localhost"], Root, #{})),
    ok = file:write_file(Empty, <<>>),
    Ca = {cacerts, [der(Root)]},
    None = filename:join(Dir, "none.pem"),
    [begin
         {Options, {error, {options, Connect}}} = {Options, connected(Options)},
         {Options, {error, {options, Listen}}} = {Options, ssl:listen(0, Options)}
     end || {Options, Connect, Listen} <-
                [{[{cacertfile, None}], {cacertfile, None, {error, enoent}}, {cacertfile, {None, enoent}}},
                 {[Ca, {certfile, None}], {certfile, None, {error, enoent}}, {certfile, {None, enoent}}},
                 {[Ca, {certfile, Good}, {keyfile, None}], {keyfile, None, {error, enoent}}, {keyfile, {None, enoent}}},
                 {[Ca, {certfile, Empty}, {keyfile, Good}], {certfile, Empty, no_certs}, {certfile, {Empty, no_certs}}},
                 {[Ca, {certfile, Good}, {keyfile, Empty}], {keyfile, Empty, []},
                  {keyfile, {Empty, {unexpected_content, {missing_single_key, list_to_binary(Empty)}}}}}]],
    ok.

%% connect/3 looks at certificates when the transport is connected.
connected(Options) ->
    {ok, L} = gen_tcp:listen(0, []),
    {ok, Port} = inet:port(L),
    try ssl:connect("localhost", Port, Options)
    after gen_tcp:close(L)
    end.

%% OTP shows the entries of a file with two keys.
keys_do_not_show_in_reasons(Config) ->
    File = filename:join(?config(priv_dir, Config), "two.pem"),
    Root = ca("root", self),
    #{key := Key} = Made = leaf(["localhost"], Root, #{}),
    Der = public_key:der_encode('PrivateKeyInfo', Key),
    #'ECPrivateKey'{privateKey = Secret} = Key,
    Entry = {'PrivateKeyInfo', Der, not_encrypted},
    Cut = binary:part(Der, 0, byte_size(Der) - 3),
    [begin
         ok = file:write_file(File, public_key:pem_encode(Entries)),
         {error, Reason} = connected([{cacerts, [der(Root)]}, {cert, der(Made)}, {keyfile, File}]),
         nomatch = binary:match(term_to_binary(Reason), Secret)
     end || Entries <- [[Entry, Entry], [{'PrivateKeyInfo', Cut, not_encrypted}], [{'RSAPrivateKey', Der, not_encrypted}]]],
    ok.

%%--------------------------------------------------------------------------------------------------------------------
%% Costs
%%--------------------------------------------------------------------------------------------------------------------

client_options(Count) ->
    Roots = [der(ca("root " ++ integer_to_list(N), self)) || N <- lists:seq(1, Count)],
    {ok, #{ssl := Options}} = ssl_opts:connect("localhost", [{cacerts, Roots}, {versions, ['tlsv1.3']}]),
    Options.

configuration_is_found_again(_) ->
    Options = client_options(3),
    {ok, Config, _} = ssl_material:config(client, Options),
    {ok, Config, _} = ssl_material:config(client, Options),
    {ok, Other, _} = ssl_material:config(client, Options#{max_handshake_size := 5000}),
    true = Config =/= Other,
    ok.

%% A store of 140 certificates, as an operating system has it.
identical_options_cost_microseconds(_) ->
    Options = client_options(140),
    {First, {ok, _, _}} = timer:tc(ssl_material, config, [client, Options]),
    Times = [element(1, timer:tc(ssl_material, config, [client, Options])) || _ <- lists:seq(1, 1000)],
    Median = lists:nth(500, lists:sort(Times)),
    ct:pal("first ~p us, then ~p us", [First, Median]),
    true = Median < 300,
    ok.

%% Every connection has one; the certificates of the store are not copied.
context_is_small(_) ->
    {ok, _, Context} = ssl_material:config(client, client_options(140)),
    Words = erts_debug:flat_size(Context),
    ct:pal("~p words", [Words]),
    true = Words < 1000,
    ok.
