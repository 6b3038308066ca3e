%% Situations of certificate verification, as a table: what the peer sends, what the verifying side is told, both
%% run through the documented API or given to ssl_verdict directly.
%%
%% A case is #{verifier := client | server, sent := [DER], key := Key, options := [..] of the verifying side, ...}.
%% What comes out: ok | {alert, Atom, Details :: string()} | {error, Term}, and the events that a verify_fun saw.
-module(certificate_cases).

-include_lib("public_key/include/public_key.hrl").

-export([names/0, prepare/0, build/2, through_api/1, directly/1, recorded/1]).
-export([sni_names/0, sni_prepare/0, sni_through_api/2]).

-import(certificate_maker, [ca/2, leaf/3, make/1, der/1, key/1, chain/1, tampered/1, name/1, resigned/2,
                            basic/1, basic/2, usage/1, purpose/1, purpose/2, alt_names/1, extension/3]).

names() -> [Name || {Name, _} <- table()].

%% What many cases share.
prepare() ->
    Root = ca("root", self),
    Int = ca("intermediate", Root),
    #{root => Root, int => Int, good => leaf(["localhost"], Int, #{}), other => ca("other root", self)}.

build(Name, Shared) ->
    {_, Fun} = lists:keyfind(Name, 1, table()),
    Fun(Shared).

%%--------------------------------------------------------------------------------------------------------------------
%% The table
%%--------------------------------------------------------------------------------------------------------------------

%% Peer: a made certificate; sent is its chain without the root, unless given.
by_client(Peer, Trusted, Options) -> by_client(Peer, Trusted, Options, chain(Peer)).
by_client(Peer, Trusted, Options, Sent) ->
    #{verifier => client, sent => Sent, key => maps:get(key, Peer), options => [{cacerts, [der(T) || T <- Trusted]} | Options]}.
by_server(Peer, Trusted, Options) ->
    (by_client(Peer, Trusted, Options))#{verifier => server}.

of_same_key(Digest, RootIsSent) ->
    K = key({rsa, 2048}),
    [Trusted, Theirs] = [ca(#{name => "twin", key => K, digest => Digest}, self) || _ <- [1, 2]],
    I = ca(#{name => "int", digest => Digest, key => key({rsa, 2048})}, Theirs),
    L = leaf(["localhost"], I, #{digest => Digest}),
    by_client(L, [Trusted], [], chain(L) ++ [der(Theirs) || RootIsSent]).

server_purpose() -> purpose([?'id-kp-serverAuth']).
san(Host) -> alt_names([{dNSName, Host}]).

table() ->
    [{good, fun(#{root := R, good := G}) -> by_client(G, [R], []) end},
     {good_with_root, fun(#{root := R, good := G}) -> by_client(G, [R], [], chain(G) ++ [der(R)]) end},
     {good_rsa, fun(_) ->
             R = ca(#{name => "rsa root", key => key({rsa, 2048})}, self),
             by_client(leaf(["localhost"], R, #{key => key({rsa, 2048})}), [R], []) end},
     {good_ed25519, fun(_) ->
             R = ca(#{name => "ed root", key => key(ed25519)}, self),
             by_client(leaf(["localhost"], R, #{key => key(ed25519)}), [R], []) end},
     {good_ed448, fun(_) ->
             R = ca(#{name => "ed448 root", key => key(ed448)}, self),
             by_client(leaf(["localhost"], R, #{key => key(ed448)}), [R], []) end},
     {good_brainpool, fun(_) ->
             R = ca("root b", self),
             by_client(leaf(["localhost"], R, #{key => key({curve, brainpoolP256r1})}), [R], []) end},
     %% Time
     {expired, fun(#{root := R, int := I}) -> by_client(leaf(["localhost"], I, #{days => {-20, -10}}), [R], []) end},
     {not_yet_valid, fun(#{root := R, int := I}) -> by_client(leaf(["localhost"], I, #{days => {10, 20}}), [R], []) end},
     {expired_intermediate, fun(#{root := R}) ->
             I = ca(#{name => "old", days => {-20, -10}}, R), by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {expired_root, fun(_) ->
             R = ca(#{name => "old root", days => {-20, -10}}, self), I = ca("int", R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {expired_root_sent, fun(_) ->
             R = ca(#{name => "old root", days => {-20, -10}}, self), I = ca("int", R),
             L = leaf(["localhost"], I, #{}), by_client(L, [R], [], chain(L) ++ [der(R)]) end},
     {expired_root_other_anchor, fun(_) ->
             K = key(p256),
             Old = ca(#{name => "renewed root", key => K, days => {-20, -10}}, self),
             New = ca(#{name => "renewed root", key => K}, self),
             I = ca("int", Old), L = leaf(["localhost"], I, #{}), by_client(L, [Old, New], [], chain(L) ++ [der(Old)]) end},
     %% Names
     {wrong_host, fun(#{root := R, int := I}) -> by_client(leaf(["example.com"], I, #{}), [R], []) end},
     {no_alt_names, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [usage([digitalSignature])]}), [R], []) end},
     {common_name_only, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{name => "localhost", extensions => [usage([digitalSignature])]}), [R], []) end},
     {other_name_indication, fun(#{root := R, int := I}) ->
             by_client(leaf(["www.example.com"], I, #{}), [R], [{server_name_indication, "www.example.com"}]) end},
     {wildcard, fun(#{root := R, int := I}) ->
             by_client(leaf(["*.example.com"], I, #{}), [R], [{server_name_indication, "www.example.com"}]) end},
     {wildcard_matched, fun(#{root := R, int := I}) ->
             by_client(leaf(["*.example.com"], I, #{}), [R],
                       [{server_name_indication, "www.example.com"},
                        {customize_hostname_check, [{match_fun, public_key:pkix_verify_hostname_match_fun(https)}]}]) end},
     {name_indication_disabled, fun(#{root := R, int := I}) ->
             by_client(leaf(["example.com"], I, #{}), [R], [{server_name_indication, disable}]) end},
     {address, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [alt_names([{iPAddress, <<127, 0, 0, 1>>}])]}), [R],
                       [{server_name_indication, "127.0.0.1"}]) end},
     {wrong_address, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [alt_names([{iPAddress, <<127, 0, 0, 2>>}])]}), [R],
                       [{server_name_indication, "127.0.0.1"}]) end},
     %% Anchors
     {unknown_ca, fun(#{good := G, other := O}) -> by_client(G, [O], []) end},
     {unknown_root_sent, fun(#{root := R, good := G, other := O}) -> by_client(G, [O], [], chain(G) ++ [der(R)]) end},
     {no_trusted, fun(#{good := G}) -> by_client(G, [], []) end},
     {root_of_same_name, fun(#{good := G}) -> by_client(G, [ca("root", self)], []) end},
     {root_of_same_name_and_serial, fun(_) ->
             R1 = ca(#{name => "twin", serial => 77}, self), R2 = ca(#{name => "twin", serial => 77}, self),
             L = leaf(["localhost"], R1, #{}), by_client(L, [R2], [], chain(L) ++ [der(R1)]) end},
     {self_signed, fun(#{other := O}) ->
             L = make(#{name => "self", issuer => self, extensions => [san("localhost")]}), by_client(L, [O], [], [der(L)]) end},
     {self_signed_trusted, fun(_) ->
             L = make(#{name => "self", issuer => self, extensions => [san("localhost")]}), by_client(L, [L], [], [der(L)]) end},
     {missing_intermediate, fun(#{root := R, good := G}) -> by_client(G, [R], [], [der(G)]) end},
     {intermediate_in_store, fun(#{root := R, int := I, good := G}) -> by_client(G, [R, I], [], [der(G)]) end},
     {only_intermediate_in_store, fun(#{int := I, good := G}) -> by_client(G, [I], []) end},
     {only_intermediate_in_store_leaf_sent, fun(#{int := I, good := G}) -> by_client(G, [I], [], [der(G)]) end},
     {cross_signed, fun(_) ->
             K = key(p256), A = ca("root a", self),
             BySelf = ca(#{name => "root b", key => K}, self), ByA = ca(#{name => "root b", key => K}, A),
             L = leaf(["localhost"], BySelf, #{}), by_client(L, [BySelf], [], [der(L), der(ByA)]) end},
     %% The peer's root has the key of another one that is trusted.
     {root_of_same_key, fun(_) -> of_same_key(sha256, true) end},
     {root_of_same_key_pss, fun(_) -> of_same_key(pss, true) end},
     {root_of_same_key_pss_not_sent, fun(_) -> of_same_key(pss, false) end},
     %% Partial chains
     {partial_intermediate, fun(#{int := I, good := G, other := O}) ->
             by_client(G, [O], [{partial_chain, fun(Ders) ->
                     case lists:member(der(I), Ders) of true -> {trusted_ca, der(I)}; false -> unknown_ca end end}]) end},
     {partial_unknown, fun(#{good := G, other := O}) -> by_client(G, [O], [{partial_chain, fun(_) -> unknown_ca end}]) end},
     {partial_crash, fun(#{good := G, other := O}) -> by_client(G, [O], [{partial_chain, fun(_) -> error(oops) end}]) end},
     {partial_foreign, fun(#{good := G, other := O}) ->
             by_client(G, [O], [{partial_chain, fun(_) -> {trusted_ca, der(O)} end}]) end},
     {partial_leaf, fun(#{good := G, other := O}) ->
             by_client(G, [O], [{partial_chain, fun(_) -> {trusted_ca, der(G)} end}]) end},
     %% Purposes
     {purpose_server, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), server_purpose()]}), [R], []) end},
     {purpose_client_only, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), purpose([?'id-kp-clientAuth'])]}), [R], []) end},
     {purpose_client_only_critical, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), purpose([?'id-kp-clientAuth'], true)]}), [R], []) end},
     {purpose_any, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), purpose([?anyExtendedKeyUsage])]}), [R], []) end},
     {purpose_of_ca, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => [basic(true), usage([keyCertSign]), purpose([?'id-kp-clientAuth'])]}, R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {purpose_of_ca_any, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => [basic(true), usage([keyCertSign]), purpose([?anyExtendedKeyUsage])]}, R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {purpose_of_ca_any_allowed, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => [basic(true), usage([keyCertSign]), purpose([?anyExtendedKeyUsage])]}, R),
             by_client(leaf(["localhost"], I, #{}), [R], [{allow_any_ca_purpose, true}]) end},
     {purpose_any_allowed_for_ca_only, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), purpose([?anyExtendedKeyUsage])]}), [R],
                       [{allow_any_ca_purpose, true}]) end},
     %% Key usage and basic constraints
     {ca_without_cert_sign, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => [basic(true), usage([digitalSignature])]}, R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {intermediate_is_no_ca, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => [basic(false), usage([keyCertSign])]}, R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {intermediate_without_constraints, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => []}, R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {leaf_issued_by_leaf, fun(#{root := R, int := I, good := G}) ->
             L = leaf(["localhost"], G, #{name => "below a leaf"}), _ = I, by_client(L, [R], []) end},
     {leaf_usage_without_signature, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), usage([keyAgreement])]}), [R], []) end},
     %% Depth
     {depth_0_direct, fun(#{root := R}) -> by_client(leaf(["localhost"], R, #{}), [R], [{depth, 0}]) end},
     {depth_0, fun(#{root := R, good := G}) -> by_client(G, [R], [{depth, 0}]) end},
     {depth_1, fun(#{root := R, good := G}) -> by_client(G, [R], [{depth, 1}]) end},
     {depth_1_of_2, fun(#{root := R, int := I}) ->
             I2 = ca("second", I), by_client(leaf(["localhost"], I2, #{}), [R], [{depth, 1}]) end},
     {path_length_of_root, fun(_) ->
             R = ca(#{name => "short", extensions => [basic(true, 0), usage([keyCertSign])]}, self), I = ca("i", R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {path_length_of_intermediate, fun(#{root := R}) ->
             I = ca(#{name => "short", extensions => [basic(true, 0), usage([keyCertSign])]}, R), I2 = ca("i2", I),
             by_client(leaf(["localhost"], I2, #{}), [R], []) end},
     {long_chain, fun(#{root := R}) ->
             I = lists:foldl(fun(N, Issuer) -> ca("i" ++ integer_to_list(N), Issuer) end, R, lists:seq(1, 14)),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     %% Signatures
     {bad_signature, fun(#{root := R, good := G}) -> by_client(tampered(G), [R], []) end},
     {bad_signature_of_intermediate, fun(#{root := R, int := I, good := G}) ->
             by_client(G, [R], [], [der(G), der(tampered(I))]) end},
     {signed_by_other_key, fun(#{root := R, good := G}) -> by_client(resigned(G, key(p256)), [R], []) end},
     {sha1, fun(_) ->
             R = ca(#{name => "rsa root", key => key({rsa, 2048})}, self),
             by_client(leaf(["localhost"], R, #{digest => sha}), [R], []) end},
     {sha1_not_allowed, fun(_) ->
             R = ca(#{name => "rsa root", key => key({rsa, 2048})}, self),
             by_client(leaf(["localhost"], R, #{digest => sha, key => key({rsa, 2048})}), [R],
                       [{signature_algs, [rsa_pss_rsae_sha256, rsa_pkcs1_sha256]}]) end},
     {algorithm_not_allowed, fun(_) ->
             R = ca(#{name => "rsa root", key => key({rsa, 2048})}, self),
             by_client(leaf(["localhost"], R, #{}), [R], [{signature_algs_cert, [ecdsa_secp256r1_sha256]}]) end},
     {algorithm_of_intermediate_not_allowed, fun(#{root := R}) ->
             I = ca(#{name => "i", key => key({rsa, 2048})}, R),
             by_client(leaf(["localhost"], I, #{key => key({rsa, 2048})}), [R], [{signature_algs_cert, [rsa_pkcs1_sha256]}]) end},
     %% Lists out of order, with too much, in circles
     {unordered, fun(#{root := R, int := I}) ->
             I2 = ca("second", I), L = leaf(["localhost"], I2, #{}), by_client(L, [R], [], [der(L), der(I), der(I2)]) end},
     {extraneous, fun(#{root := R, int := I, good := G, other := O}) ->
             by_client(G, [R], [], [der(G), der(O), der(ca("x", O)), der(I)]) end},
     {duplicates, fun(#{root := R, int := I, good := G}) -> by_client(G, [R], [], [der(G), der(I), der(I), der(R), der(R)]) end},
     {padded, fun(#{root := R, int := I, good := G}) ->
             Padding = [der(ca("p" ++ integer_to_list(N), R)) || N <- lists:seq(1, 40)],
             by_client(G, [R], [], [der(G) | Padding] ++ [der(I)]) end},
     {cyclic, fun(#{other := O}) ->
             {A, B} = circle(), L = leaf(["localhost"], A, #{}), by_client(L, [O], [], [der(L), der(A), der(B), der(A)]) end},
     {cyclic_of_two, fun(#{other := O}) ->
             {A, B} = circle(), L = leaf(["localhost"], A, #{}), by_client(L, [O], [], [der(L), der(B), der(A)]) end},
     {two_paths, fun(#{root := R, other := O}) ->
             K = key(p256),
             ByO = ca(#{name => "cross", key => K}, O), ByR = ca(#{name => "cross", key => K}, R),
             L = leaf(["localhost"], ByR, #{}), by_client(L, [R], [], [der(L), der(ByO), der(ByR)]) end},
     {garbage, fun(#{root := R, good := G}) -> by_client(G, [R], [], [der(G), <<1, 2, 3>>]) end},
     %% Extensions
     {unknown_critical, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), extension({1, 2, 3, 4}, true, <<5, 0>>)]}), [R], []) end},
     {unknown_uncritical, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), extension({1, 2, 3, 4}, false, <<5, 0>>)]}), [R], []) end},
     {name_constraints, fun(#{root := R}) ->
             I = ca(#{name => "i", extensions => [basic(true), usage([keyCertSign]), constraints({dNSName, "example.com"})]}, R),
             by_client(leaf(["localhost"], I, #{}), [R], []) end},
     {policy_wanted, fun(#{root := R, good := G}) -> by_client(G, [R], [{cert_policy_opts, [{explicit_policy, true}]}]) end},
     %% verify_none and verify_fun
     {none, fun(#{good := G}) -> by_client(tampered(G), [], [{verify, verify_none}]) end},
     {none_garbage, fun(#{good := G}) -> by_client(G, [], [{verify, verify_none}], [der(G), <<1, 2, 3>>]) end},
     {none_with_fun, fun(#{good := G}) -> by_client(G, [], [{verify, verify_none}, recording(fun(_) -> fail end)]) end},
     {fun_good, fun(#{root := R, good := G}) -> by_client(G, [R], [recording(fun(_) -> valid end)]) end},
     {fun_good_4, fun(#{root := R, good := G}) -> by_client(G, [R], [recording4(fun(_) -> valid end)]) end},
     {fun_good_old, fun(#{root := R, good := G}) -> by_client(G, [R], [{verify_fun, fun(_) -> false end}]) end},
     {fun_old_accepts, fun(#{good := G, other := O}) -> by_client(G, [O], [{verify_fun, fun(_) -> true end}]) end},
     {fun_with_purpose, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), server_purpose(), extension({1, 2, 3, 4}, true, <<5, 0>>)]}),
                       [R], [recording(fun(_) -> valid end)]) end},
     {fun_leaves_critical, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), extension({1, 2, 3, 4}, true, <<5, 0>>)]}),
                       [R], [recording(fun({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_accepts_unknown_ca, fun(#{good := G, other := O}) ->
             by_client(G, [O], [recording(fun({bad_cert, _}) -> valid; ({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_refuses_unknown_ca, fun(#{good := G, other := O}) ->
             by_client(G, [O], [recording(fun({bad_cert, _}) -> fail; ({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_accepts_expired, fun(#{root := R, int := I}) ->
             by_client(leaf(["localhost"], I, #{days => {-20, -10}}), [R],
                       [recording(fun({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_accepts_host, fun(#{root := R, int := I}) ->
             by_client(leaf(["example.com"], I, #{}), [R], [recording(fun({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_accepts_self_signed, fun(#{other := O}) ->
             L = make(#{name => "self", issuer => self, extensions => [san("localhost")]}),
             by_client(L, [O], [recording(fun({extension, _}) -> unknown; (_) -> valid end)], [der(L)]) end},
     {fun_accepts_depth, fun(#{root := R, good := G}) ->
             by_client(G, [R], [{depth, 0}, recording(fun({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_accepts_signature, fun(#{root := R, good := G}) ->
             by_client(tampered(G), [R], [recording(fun({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_accepts_purpose, fun(#{root := R, int := I}) ->
             by_client(leaf([], I, #{extensions => [san("localhost"), purpose([?'id-kp-clientAuth'])]}), [R],
                       [recording(fun({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_refuses_peer, fun(#{root := R, good := G}) ->
             by_client(G, [R], [recording(fun(valid_peer) -> {fail, my_reason}; ({extension, _}) -> unknown; (_) -> valid end)]) end},
     {fun_refuses_with_bad_cert, fun(#{root := R, good := G}) ->
             by_client(G, [R], [recording(fun(valid_peer) -> {fail, {bad_cert, cert_expired}}; (_) -> valid end)]) end},
     {fun_revokes, fun(#{root := R, good := G}) ->
             by_client(G, [R], [recording(fun(valid_peer) -> {fail, {bad_cert, {revoked, keyCompromise}}}; (_) -> valid end)]) end},
     {fun_crashes, fun(#{root := R, good := G}) ->
             by_client(G, [R], [recording(fun(valid_peer) -> error(my_crash); (_) -> valid end)]) end},
     {fun_throws, fun(#{root := R, good := G}) ->
             by_client(G, [R], [recording(fun(valid_peer) -> throw(my_throw); (_) -> valid end)]) end},
     {fun_answers_nonsense, fun(#{root := R, good := G}) ->
             by_client(G, [R], [recording(fun(valid_peer) -> {answer, nonsense}; (_) -> valid end)]) end},
     %% Servers
     {client_good, fun(#{root := R, good := G}) -> by_server(G, [R], []) end},
     {client_other_name, fun(#{root := R, int := I}) -> by_server(leaf(["elsewhere"], I, #{}), [R], []) end},
     {client_purpose, fun(#{root := R, int := I}) ->
             by_server(leaf([], I, #{extensions => [purpose([?'id-kp-clientAuth'])]}), [R], []) end},
     {client_wrong_purpose, fun(#{root := R, int := I}) ->
             by_server(leaf([], I, #{extensions => [server_purpose()]}), [R], []) end},
     {client_expired, fun(#{root := R, int := I}) -> by_server(leaf([], I, #{days => {-20, -10}}), [R], []) end},
     {client_unknown_ca, fun(#{good := G, other := O}) -> by_server(G, [O], []) end},
     {client_self_signed, fun(#{root := R}) ->
             L = make(#{name => "self", issuer => self, extensions => []}), (by_server(L, [R], []))#{sent := [der(L)]} end},
     {client_fun, fun(#{root := R, good := G}) -> by_server(G, [R], [recording(fun(_) -> valid end)]) end},
     {client_none_sent, fun(#{root := R, good := G}) -> (by_server(G, [R], []))#{sent := []} end},
     {client_none_sent_allowed, fun(#{root := R, good := G}) ->
             (by_server(G, [R], [{fail_if_no_peer_cert, false}]))#{sent := []} end}].

%% Two CAs that certify each other, and nobody else does.
circle() ->
    {Ka, Kb} = {key(p256), key(p256)},
    A0 = ca(#{name => "circle a", key => Ka}, self),
    B0 = ca(#{name => "circle b", key => Kb}, self),
    {ca(#{name => "circle a", key => Ka}, B0), ca(#{name => "circle b", key => Kb}, A0)}.

constraints(Name) ->
    extension(?'id-ce-nameConstraints', true,
              #'NameConstraints'{permittedSubtrees = [#'GeneralSubtree'{base = Name, minimum = 0, maximum = asn1_NOVALUE}],
                                 excludedSubtrees = asn1_NOVALUE}).

%% A verify_fun that tells what it is asked and answers as it is told.
recording(Answer) ->
    Test = self(),
    {verify_fun, {fun(Cert, Event, State) -> recorded(Test, Cert, Event, State, Answer) end, 0}}.
recording4(Answer) ->
    Test = self(),
    {verify_fun, {fun(Cert, Der, Event, State) ->
                          Cert = public_key:pkix_decode_cert(Der, otp),
                          recorded(Test, Cert, Event, State, Answer)
                  end, 0}}.

recorded(Test, Cert, Event0, State, Answer) ->
    Event = case Event0 of
                {extension, #'Extension'{extnID = Oid}} -> {extension, Oid};
                _ -> Event0
            end,
    Test ! {event, State, common_name(Cert), Event},
    case Answer(Event) of
        valid -> {valid, State + 1};
        unknown -> {unknown, State + 1};
        fail when element(1, Event) =:= bad_cert -> {fail, Event};
        fail -> {fail, refused};
        {fail, Reason} -> {fail, Reason};
        {answer, Nonsense} -> Nonsense
    end.

common_name(#'OTPCertificate'{tbsCertificate = #'OTPTBSCertificate'{subject = {rdnSequence, Rdns}}}) ->
    [{utf8String, Name}] = [V || [#'AttributeTypeAndValue'{type = ?'id-at-commonName', value = V}] <- Rdns],
    Name.

events() ->
    receive {event, State, Name, Event} -> [{State, Name, Event} | events()]
    after 0 -> []
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Server names
%%--------------------------------------------------------------------------------------------------------------------

%% {Name, options of the listener beside its certificate, name that the client sends}. "a" and "b" have certificates of
%% their own; the result is the common name of the certificate that the client saw, or the alerts of both sides.
sni_table() ->
    Own = fun(S, Host) -> own(maps:get(Host, S)) end,
    Fun = fun(F) -> [{sni_fun, F}] end,
    [{sni_hosts_a, fun(S) -> {[{sni_hosts, [{"a", Own(S, "a")}, {"b", Own(S, "b")}]}], "a"} end},
     {sni_hosts_b, fun(S) -> {[{sni_hosts, [{"a", Own(S, "a")}, {"b", Own(S, "b")}]}], "b"} end},
     {sni_hosts_none, fun(S) -> {[{sni_hosts, [{"a", Own(S, "a")}]}], "c"} end},
     {sni_hosts_case, fun(S) -> {[{sni_hosts, [{"a", Own(S, "a")}]}], "A"} end},
     {sni_fun, fun(S) -> {Fun(fun("a") -> Own(S, "a"); (_) -> undefined end), "a"} end},
     {sni_fun_undefined, fun(_) -> {Fun(fun(_) -> undefined end), "a"} end},
     {sni_fun_unrecognized, fun(_) -> {Fun(fun(_) -> unrecognized end), "a"} end},
     {sni_fun_crash, fun(_) -> {Fun(fun(_) -> error(oops) end), "a"} end},
     {sni_fun_no_list, fun(_) -> {Fun(fun(_) -> nonsense end), "a"} end},
     {sni_fun_bad_option, fun(_) -> {Fun(fun(_) -> [{verify, nonsense}] end), "a"} end},
     {sni_fun_other_versions, fun(S) -> {Fun(fun(_) -> [{versions, ['tlsv1.3']} | Own(S, "b")] end), "a"} end},
     {sni_fun_no_name, fun(S) -> {Fun(fun(_) -> Own(S, "a") end), disable} end},
     {sni_trailing_dot, fun(S) -> {Fun(fun(_) -> Own(S, "a") end), "a."} end},
     {sni_alpn, fun(S) -> {Fun(fun(_) -> [{alpn_preferred_protocols, [<<"x">>]} | Own(S, "a")] end), "a"} end},
     {sni_fun_wants_certificate, fun(#{root := R} = S) ->
             {Fun(fun(_) -> [{verify, verify_peer}, {fail_if_no_peer_cert, true}, {cacerts, [der(R)]} | Own(S, "a")] end), "a"} end}].

own(#{der := Der, key := Key}) ->
    [{cert, Der}, {key, {'PrivateKeyInfo', public_key:der_encode('PrivateKeyInfo', Key)}}].

sni_names() -> [Name || {Name, _} <- sni_table()].

sni_prepare() ->
    Root = ca("root", self),
    maps:from_list([{root, Root} | [{H, leaf([H], Root, #{name => H})} || H <- ["a", "b", "default"]]]).

sni_through_api(Name, Shared) ->
    {_, Make} = lists:keyfind(Name, 1, sni_table()),
    {Options, Sent} = Make(Shared),
    Common = [{versions, ['tlsv1.3']}, {log_level, none}, {active, false}],
    {Client, Server} = handshake(own(maps:get("default", Shared)) ++ Options ++ Common,
                                 [{verify, verify_none}, {server_name_indication, Sent} | Common],
                                 fun(Socket) ->
                                         {ok, Der} = ssl:peercert(Socket),
                                         {seen, common_name(public_key:pkix_decode_cert(Der, otp)), ssl:recv(Socket, 1, 300)}
                                 end),
    {case Client of
         {seen, Seen, {error, timeout}} -> Seen;
         {seen, Seen, Later} -> {Seen, outcome(Later)};
         _ -> outcome(Client)
     end, outcome(Server)}.

%%--------------------------------------------------------------------------------------------------------------------
%% Through the API
%%--------------------------------------------------------------------------------------------------------------------

%% A handshake on loopback with TLS 1.3; what the verifying side got.
through_api(#{verifier := Verifier, sent := Sent, key := Key, options := Options}) ->
    _ = events(),
    Own = case Sent of
              [] -> [];
              _ -> [{cert, Sent}, {key, {'PrivateKeyInfo', public_key:der_encode('PrivateKeyInfo', Key)}}]
          end,
    Common = [{versions, ['tlsv1.3']}, {log_level, none}, {active, false}],
    #{der := Der, key := ServerKey} = certificate_maker:leaf(["localhost"], certificate_maker:ca("of server", self), #{}),
    {ServerOptions, ClientOptions} =
        case Verifier of
            client -> {Own ++ Common, Options ++ Common};
            server -> {[{verify, verify_peer}, {cert, Der},
                        {key, {'ECPrivateKey', public_key:der_encode('ECPrivateKey', ServerKey)}} | Options] ++ Common,
                       [{verify, verify_none} | Own] ++ Common}
        end,
    {Client, Server} = handshake(ServerOptions, ClientOptions, fun(_) -> {ok, connected} end),
    {outcome(case Verifier of client -> Client; server -> Server end), events()}.

%% What the client's connect gave, or the fun with its socket, and what the server's handshake gave.
handshake(ServerOptions, ClientOptions, Connected) ->
    {ok, Listen} = ssl:listen(0, [{ip, {127, 0, 0, 1}}, {reuseaddr, true} | ServerOptions]),
    {ok, {_, Port}} = ssl:sockname(Listen),
    Test = self(),
    {Server, Ref} = spawn_monitor(fun() ->
                                          {ok, Transport} = ssl:transport_accept(Listen, 5000),
                                          Result = ssl:handshake(Transport, 5000),
                                          Test ! {server, Result},
                                          receive stop -> ok end
                                  end),
    Client = ssl:connect("localhost", Port, ClientOptions, 5000),
    Seen = case Client of
               {ok, Socket} -> Connected(Socket);
               Error -> Error
           end,
    ServerResult = receive
                       {server, R} -> R;
                       {'DOWN', Ref, _, _, Reason} -> {error, Reason}
                   after 10000 -> {error, no_answer}
                   end,
    Server ! stop,
    case Client of {ok, S} -> ssl:close(S); _ -> ok end,
    ssl:close(Listen),
    {Seen, ServerResult}.

outcome({ok, _}) -> ok;
outcome({error, {tls_alert, {Name, Text}}}) ->
    {alert, Name, details(Text)};
outcome({error, Reason}) ->
    {error, Reason}.

%% What stands behind the name of the alert, on one line; where OTP shows a stack trace, only what it is about.
details(Text) ->
    case string:split(Text, "\n") of
        [_, Details] ->
            case lists:flatten(lists:join(" ", string:lexemes(Details, " \n"))) of
                "{failed_to_decode_certificate" ++ _ -> "failed_to_decode_certificate";
                Flat -> Flat
            end;
        [_] ->
            ""
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Directly
%%--------------------------------------------------------------------------------------------------------------------

%% The same, asked of ssl_verdict; a list without certificates is not its business.
directly(#{sent := []}) ->
    not_asked;
directly(#{verifier := Verifier, sent := Sent, options := Options0}) ->
    _ = events(),
    Options = [{versions, ['tlsv1.3']} | Options0],
    {ok, #{ssl := Map}} =
        case Verifier of
            client -> ssl_opts:connect("localhost", Options);
            server -> ssl_opts:listen([{verify, verify_peer} | Options])
        end,
    {ok, _, Context0} = ssl_material:config(Verifier, Map),
    Context = case Verifier of
                  client -> element(2, ssl_material:client_params(Map, "localhost", 443, Context0));
                  server -> Context0
              end,
    Answer = case ssl_verdict:answer({peer_certificate, Sent, undefined}, Context) of
                 {continue, _} -> ok;
                 {{abort, Code}, New} ->
                     {alert, ssl_alert_text:name(Code),
                      case ssl_verdict:details(New) of
                          undefined -> "";
                          Details -> details(lists:flatten(io_lib:format("alert\n~P", [Details, 20])))
                      end}
             end,
    {Answer, events()}.

%% What a run of stock OTP gave for all cases: `certificate_cases:recorded("file")' writes it.
recorded(File) ->
    {ok, _} = application:ensure_all_started(ssl),
    Shared = prepare(),
    SniShared = sni_prepare(),
    Results = [{Name, through_api(build(Name, Shared))} || Name <- names()]
        ++ [{Name, sni_through_api(Name, SniShared)} || Name <- sni_names()],
    ok = file:write_file(File, [io_lib:format("~tp.~n", [R]) || R <- Results]).
