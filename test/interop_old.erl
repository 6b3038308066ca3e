%% The part of the interoperability table below TLS 1.3: every suite of every version, resumption, renegotiation and
%% certificates of clients; how peers are told; and the table as Markdown.
%%
%% Suites are those of ssl:cipher_suites/2 of the ssl under test. A side of such a case has the keys version and suite
%% besides those of interop_cases, and what the suite's key exchange needs.
-module(interop_old).
-export([cases/1, some/1, suites/0, certificates/1, roots/1, users/1, capable/3, erlang_options/3, tool_arguments/4, script_config/3, translate/1, markdown/2]).
-export_type([suite/0]).

%% kx, cipher, mac: OTP's names
-type suite() :: #{rfc := string(), openssl := string(), kx := atom(), cipher := atom(), mac := atom(), prf := atom()}.
-type version() :: 'tlsv1.2' | 'tlsv1.1' | tlsv1.

-define(VERSIONS, ['tlsv1.2', 'tlsv1.1', tlsv1]).
-define(USER, "interop").
-define(PASSWORD, "secret").
-define(PSK, <<"pre-shared key!">>).

%% Suites that this node's ssl knows, per version.
-spec suites() -> [{version(), [suite()]}].
suites() ->
    [{V, [suite(S) || S <- ssl:cipher_suites(all, V) ++ ssl:cipher_suites(anonymous, V)]} || V <- ?VERSIONS].

suite(#{key_exchange := Kx, cipher := Cipher, mac := Mac, prf := Prf} = Suite) ->
    #{rfc => ssl:suite_to_str(Suite), openssl => ssl:suite_to_openssl_str(Suite), kx => Kx, cipher => Cipher, mac => Mac,
      prf => Prf}.

-spec cases([{version(), [suite()]}]) -> [interop_cases:test()].
cases(Suites) ->
    lists:append([[test({suite, V}, maps:get(rfc, S), V, S) || S <- Of] || {V, Of} <- Suites])
        ++ [(test({Family, V}, atom_to_list(Family) ++ " " ++ Name, V, find(Name, Of)))#{script := Script}
            || {V, Of} <- Suites, Name <- common(), {Family, Script} <- scripts()]
        ++ [client_cert(V, Cert, find("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Of))
            || {V, Of} <- Suites, Cert <- [rsa_old, p256_old, dsa_old]].

%% One suite of each key exchange and version, and all that is no suite.
-spec some([interop_cases:test()]) -> [interop_cases:test()].
some(Cases) -> some(Cases, []).

some([#{family := {suite, Version}, server := #{suite := #{kx := Kx, mac := Mac}}} = Case | Rest], Seen) ->
    case lists:member({Version, Kx}, Seen) orelse (Mac =:= aead andalso Version =/= 'tlsv1.2') of
        true -> some(Rest, Seen);
        false -> [Case | some(Rest, [{Version, Kx} | Seen])]
    end;
some([Case | Rest], Seen) ->
    [Case | some(Rest, Seen)];
some([], _) ->
    [].

common() -> ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"].

scripts() -> [{resume, resume}, {renegotiate, {renegotiate, client}}, {renegotiate, {renegotiate, server}}, {bulk, bulk}].

find(Name, Suites) -> hd([S || #{rfc := N} = S <- Suites, N =:= Name]).

test(Family, Name, Version, #{kx := Kx} = Suite) ->
    Both = #{version => Version, suite => Suite},
    #{name => Name, family => Family, server => maps:merge(Both, server_side(Kx)), client => Both, expect => ok,
      script => talk}.

client_cert(Version, Cert, Suite) ->
    #{server := Server, client := Client} = Test = test({client_cert, Version}, atom_to_list(Cert), Version, Suite),
    Test#{server := Server#{verify => true}, client := Client#{cert => Cert}}.

%% The server's certificate, by how the suite authenticates.
server_side(Kx) when Kx =:= dhe_dss; Kx =:= srp_dss -> #{cert => dsa_old};
server_side(Kx) when Kx =:= ecdhe_ecdsa; Kx =:= ecdh_ecdsa -> #{cert => p256_old};
server_side(ecdh_rsa) -> #{cert => p256_by_rsa};
server_side(Kx) when Kx =:= rsa; Kx =:= dhe_rsa; Kx =:= ecdhe_rsa; Kx =:= rsa_psk; Kx =:= srp_rsa -> #{cert => rsa_old};
server_side(_) -> #{}.

%%% Certificates: below roots of their own

%% And the users, for the tools.
-spec users(file:filename()) -> ok.
users(Dir) ->
    ok = file:write_file(filename:join(Dir, "psk.txt"), [?USER, ":", hex(?PSK), "\n"]),
    _ = os:cmd("openssl genpkey -genparam -algorithm DH -pkeyopt group:modp_2048 -out " ++ filename:join(Dir, "dh.pem") ++ " 2>&1"),
    [Users, Groups] = [filename:join(Dir, F) || F <- ["srp.txt", "srp.conf"]],
    _ = os:cmd("srptool --create-conf " ++ Groups ++ " 2>&1 && echo " ++ ?PASSWORD ++ " | srptool --passwd " ++ Users
               ++ " --passwd-conf " ++ Groups ++ " --username " ++ ?USER ++ " --index 3 2>&1"),
    ok.

-spec certificates(file:filename()) -> [{Name :: string(), Key :: [string()], Issuer :: string(), Extensions :: [string()]}].
certificates(Dir) ->
    P256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    [{Name, Key, Issuer, ["-addext", "keyUsage=critical,digitalSignature" ++ Usage] ++ ["-sha1" || Issuer =:= "old_dsa_ca"]}
     || {Name, Key, Issuer, Usage} <- [{"rsa_old", ["rsa:2048"], "old_rsa_ca", ",keyEncipherment"},
                                       {"p256_old", P256, "ca", ",keyAgreement"},
                                       {"p256_by_rsa", P256, "old_rsa_ca", ",keyAgreement"},
                                       {"dsa_old", dsa(Dir), "old_dsa_ca", ""}]].

%% Roots: name and key. Before TLS 1.2 the suite says how the certificate is signed, too.
-spec roots(file:filename()) -> [{string(), [string()]}].
roots(Dir) -> [{"old_rsa_ca", ["rsa:2048"]}, {"old_dsa_ca", dsa(Dir)}].

dsa(Dir) -> ["dsa:" ++ dsa_parameters(Dir)].

dsa_parameters(Dir) ->
    File = filename:join(Dir, "dsa.parameters"),
    filelib:is_regular(File) orelse os:cmd("openssl dsaparam -out " ++ File ++ " 2048 2>&1"),
    true = filelib:is_regular(File),
    File.

%%% What a peer can do

-spec capable(interop_peers:peer(), server | client, interop_cases:test()) -> boolean().
capable(#{kind := erlang} = Peer, Role, Case) ->
    #{version := Version, suite := Suite} = maps:get(Role, Case),
    case is_ours(Peer) of
        %% OTP lists these, but there are no records for them before TLS 1.2.
        true -> Version =:= 'tlsv1.2' orelse not is_aead(Suite);
        false -> stock(Peer, Version, Suite)
    end;
capable(#{kind := openssl, suites := Has}, Role, #{script := Script} = Case) ->
    #{suite := #{openssl := Name}, version := Version} = maps:get(Role, Case),
    lists:member({Name, Version}, Has) andalso Script =/= bulk;
%% No more than suites with certificates: they keep no sessions between processes, and start no renegotiation.
capable(#{kind := Kind, suites := Has}, Role, #{script := Script} = Case) when Kind =:= curl; Kind =:= python; Kind =:= node ->
    #{suite := #{openssl := Name, kx := Kx}, version := Version} = Side = maps:get(Role, Case),
    Script =:= talk andalso lists:member(Kx, [rsa, dhe_rsa, ecdhe_rsa, ecdhe_ecdsa]) andalso lists:member({Name, Version}, Has)
        andalso maps:get(cert, Side, none) =/= dsa_old andalso (Kind =/= curl orelse Role =:= client);
capable(#{kind := gnutls, suites := Has, name := Peer}, Role, #{script := Script} = Case) ->
    #{suite := #{kx := Kx} = Suite, version := Version} = Side = maps:get(Role, Case),
    lists:member({gnutls_name(Suite), Version}, Has) andalso Script =/= bulk andalso maps:get(cert, Side, none) =/= dsa_old
        %% GnuTLS 3.7's tool ends when it describes such a session.
        andalso not (Peer =:= "gnutls" andalso Role =:= client andalso (Kx =:= dhe_psk orelse Kx =:= ecdhe_psk));
capable(_, _, _) ->
    false.

is_ours(#{name := "ours" ++ _}) -> true;
is_ours(_) -> false.

is_aead(#{mac := aead}) -> true;
is_aead(#{}) -> false.

%% OTP's MAC of SHA-256 and SHA-384 suites before TLS 1.2 is not that of RFC 5487 (OpenSSL and GnuTLS cannot talk to it
%% either).
stock(#{name := "OTP 25"}, _, #{rfc := "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"}) -> false;
stock(_, Version, #{mac := Mac}) -> Version =:= 'tlsv1.2' orelse (Mac =/= sha256 andalso Mac =/= sha384).

%%% Erlang nodes

-spec erlang_options(server | client, interop_cases:side(), file:filename()) -> [term()].
erlang_options(Role, #{version := Version, suite := #{rfc := Name, kx := Kx}} = Side, Certs) ->
    [{versions, [Version]}, {ciphers, [Name]}, {secure_renegotiate, true}]
        ++ [{signature_algs, [{Hash, Sign} || Hash <- [sha512, sha384, sha256, sha], Sign <- [ecdsa, rsa]] ++ [{sha, dsa}]}
            || Version =:= 'tlsv1.2']
        ++ lists:append([[{certfile, file(Certs, Cert, ".pem")}, {keyfile, file(Certs, Cert, ".key")}] || #{cert := Cert} <- [Side]])
        ++ secrets(Role, Kx)
        ++ verification(Role, Kx, Side, Certs).

%% A server of OTP's signs its hint when it has a certificate, which is not so in RFC 4279.
secrets(server, rsa_psk) ->
    [{user_lookup_fun, interop_lookup}];
secrets(_, Kx) when Kx =:= psk; Kx =:= dhe_psk; Kx =:= ecdhe_psk; Kx =:= rsa_psk ->
    [{psk_identity, ?USER}, {user_lookup_fun, interop_lookup}];
secrets(client, Kx) when Kx =:= srp_anon; Kx =:= srp_rsa; Kx =:= srp_dss ->
    [{srp_identity, {?USER, ?PASSWORD}}];
secrets(server, Kx) when Kx =:= srp_anon; Kx =:= srp_rsa; Kx =:= srp_dss ->
    [{user_lookup_fun, interop_lookup}];
secrets(_, _) ->
    [].

verification(client, Kx, _, Certs) ->
    case server_side(Kx) of
        #{cert := _} -> [{verify, verify_peer}, {cacertfile, file(Certs, old_roots, ".pem")}];
        #{} -> [{verify, verify_none}]
    end;
verification(server, _, #{verify := true}, Certs) ->
    [{verify, verify_peer}, {fail_if_no_peer_cert, true}, {cacertfile, file(Certs, old_roots, ".pem")}];
verification(server, _, _, _) ->
    [].

%% In the node: what cannot be written as a term.
-spec translate([term()]) -> [term()].
translate(Options) ->
    [case O of
         {user_lookup_fun, interop_lookup} -> {user_lookup_fun, {fun lookup/3, none}};
         _ -> O
     end || O <- Options].

lookup(psk, _, none) -> {ok, ?PSK};
lookup(srp, User, none) ->
    Salt = <<"salt of srp">>,
    {ok, {srp_2048, Salt, crypto:hash(sha, [Salt, crypto:hash(sha, [User, $:, ?PASSWORD])])}}.

%%% Command line tools

-spec tool_arguments(interop_peers:peer(), server | client, interop_cases:side(), file:filename()) -> [string()].
tool_arguments(#{kind := openssl}, Role, #{version := Version, suite := #{openssl := Suite, kx := Kx}} = Side, Certs) ->
    [case Version of 'tlsv1.2' -> "-tls1_2"; 'tlsv1.1' -> "-tls1_1"; tlsv1 -> "-tls1" end,
     "-cipher", Suite ++ ":@SECLEVEL=0"]
        ++ lists:append([["-cert", file(Certs, Cert, ".pem"), "-key", file(Certs, Cert, ".key")] || #{cert := Cert} <- [Side]])
        ++ ["-nocert" || Role =:= server, not maps:is_key(cert, Side)]
        ++ openssl_secrets(Role, Kx)
        ++ openssl_role(Role, Kx, Side, Certs);
tool_arguments(#{kind := curl}, client, #{version := Version, suite := #{openssl := Suite}} = Side, Certs) ->
    Number = case Version of 'tlsv1.2' -> "1.2"; 'tlsv1.1' -> "1.1"; tlsv1 -> "1.0" end,
    ["--tlsv" ++ Number, "--tls-max", Number, "--ciphers", Suite ++ ":@SECLEVEL=0", "--cacert", file(Certs, old_roots, ".pem")]
        ++ lists:append([["--cert", file(Certs, Cert, ".pem"), "--key", file(Certs, Cert, ".key")] || #{cert := Cert} <- [Side]]);
tool_arguments(#{kind := gnutls}, Role, #{suite := #{kx := Kx}} = Side, Certs) ->
    ["--priority", gnutls_priority(Side)]
        ++ lists:append([["--x509certfile", file(Certs, Cert, ".pem"), "--x509keyfile", file(Certs, Cert, ".key")] || #{cert := Cert} <- [Side]])
        ++ gnutls_secrets(Role, Kx, Certs).

openssl_secrets(server, Kx) when Kx =:= psk; Kx =:= dhe_psk; Kx =:= ecdhe_psk; Kx =:= rsa_psk ->
    ["-psk", hex(?PSK), "-psk_identity", ?USER, "-psk_hint", "hint"];
openssl_secrets(client, Kx) when Kx =:= psk; Kx =:= dhe_psk; Kx =:= ecdhe_psk; Kx =:= rsa_psk ->
    ["-psk", hex(?PSK), "-psk_identity", ?USER];
openssl_secrets(_, _) ->
    [].

%% For the scripts of python and node: what is not as in TLS 1.3.
-spec script_config(interop_peers:peer(), interop_cases:side(), file:filename()) -> [{string(), string()}].
script_config(#{kind := Kind}, #{version := Version, suite := #{openssl := Suite}}, Certs) ->
    Names = case Version of
                'tlsv1.2' -> {"TLSv1_2", "TLSv1.2"};
                'tlsv1.1' -> {"TLSv1_1", "TLSv1.1"};
                tlsv1 -> {"TLSv1", "TLSv1"}
            end,
    [{"version", element(case Kind of python -> 1; node -> 2 end, Names)}, {"suites", Suite ++ ":@SECLEVEL=0"},
     {"dh", file(Certs, dh, ".pem")}].

%% Left to itself the tool takes a group as strong as the cipher: 1024 bits with 128.
openssl_role(server, _, Side, Certs) ->
    ["-no_ticket", "-client_renegotiation", "-dhparam", file(Certs, dh, ".pem")]
        ++ lists:append([["-Verify", "5", "-verify_return_error", "-CAfile", file(Certs, old_roots, ".pem")] || #{verify := true} <- [Side]]);
openssl_role(client, Kx, Side, Certs) ->
    case server_side(Kx) of
        #{cert := _} -> ["-verify_return_error", "-CAfile", file(Certs, old_roots, ".pem")];
        #{} -> []
    end
        ++ case Side of
               #{session := {Direction, File}} -> ["-sess_" ++ atom_to_list(Direction), File];
               #{} -> []
           end.

gnutls_secrets(Role, Kx, Certs) when Kx =:= psk; Kx =:= dhe_psk; Kx =:= ecdhe_psk; Kx =:= rsa_psk ->
    case Role of
        server -> ["--pskpasswd", filename:join(Certs, "psk.txt"), "--pskhint", "hint"];
        client ->
            ["--pskusername", ?USER, "--pskkey", hex(?PSK)]
    end;
gnutls_secrets(Role, Kx, Certs) when Kx =:= srp_anon; Kx =:= srp_rsa; Kx =:= srp_dss ->
    case Role of
        server -> ["--srppasswd", filename:join(Certs, "srp.txt"), "--srppasswdconf", filename:join(Certs, "srp.conf")];
        client -> ["--srpusername", ?USER, "--srppasswd", ?PASSWORD]
    end;
gnutls_secrets(_, _, _) ->
    [].

gnutls_priority(#{version := Version, suite := #{kx := Kx} = Suite}) ->
    Dss = case Kx of _ when Kx =:= dhe_dss; Kx =:= srp_dss -> ":+SIGN-DSA-SHA1:+SIGN-DSA-SHA256"; _ -> "" end,
    "NORMAL:-VERS-ALL:+VERS-" ++ case Version of 'tlsv1.2' -> "TLS1.2"; 'tlsv1.1' -> "TLS1.1"; tlsv1 -> "TLS1.0" end
        ++ ":-KX-ALL:+" ++ gnutls_kx(Kx) ++ ":-CIPHER-ALL:+" ++ gnutls_cipher(Suite) ++ ":-MAC-ALL:+" ++ gnutls_mac(Suite)
        ++ ":+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1" ++ Dss ++ ":%VERIFY_ALLOW_SIGN_WITH_SHA1".

%% As gnutls-cli -l has it: TLS_RSA_AES_128_CBC_SHA1.
-spec gnutls_name(suite()) -> string().
gnutls_name(#{kx := Kx} = Suite) ->
    Underscored = fun(Text) -> [case C of $- -> $_; _ -> C end || C <- Text] end,
    Hash = case {gnutls_mac(Suite), Suite} of
               {"AEAD", #{prf := default_prf}} -> "SHA256";
               {"AEAD", #{cipher := Cipher}} when Cipher =:= aes_128_ccm; Cipher =:= aes_256_ccm; Cipher =:= aes_128_ccm_8;
                                                 Cipher =:= aes_256_ccm_8 -> none;
               {"AEAD", #{prf := Prf}} -> string:uppercase(atom_to_list(Prf));
               {Mac, _} -> Mac
           end,
    Name = "TLS_" ++ Underscored(case Kx of
                                     srp_anon -> "SRP-SHA";
                                     srp_rsa -> "SRP-SHA-RSA";
                                     srp_dss -> "SRP-SHA-DSS";
                                     _ -> gnutls_kx(Kx)
                                 end) ++ "_" ++ Underscored(gnutls_cipher(Suite)),
    case Hash of
        none -> Name;
        _ -> Name ++ "_" ++ Hash
    end.

gnutls_kx(dh_anon) -> "ANON-DH";
gnutls_kx(ecdh_anon) -> "ANON-ECDH";
gnutls_kx(srp_anon) -> "SRP";
gnutls_kx(Kx) -> [case C of $_ -> $-; _ -> C end || C <- string:uppercase(atom_to_list(Kx))].

gnutls_cipher(#{cipher := rc4_128}) -> "ARCFOUR-128";
gnutls_cipher(#{cipher := '3des_ede_cbc', kx := _}) -> "3DES-CBC";
gnutls_cipher(#{cipher := Cipher}) ->
    [case C of $_ -> $-; _ -> C end || C <- string:uppercase(atom_to_list(Cipher))].

gnutls_mac(#{mac := aead}) -> "AEAD";
gnutls_mac(#{mac := sha}) -> "SHA1";
gnutls_mac(#{mac := Mac}) -> string:uppercase(atom_to_list(Mac)).

hex(Bytes) -> lists:flatten([io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes]).

file(Certs, Cert, Extension) -> filename:join(Certs, atom_to_list(Cert) ++ Extension).

%%% Markdown

%% Rows: cases; columns: pairs, server first.
-spec markdown(file:filename(), [{interop_peers:peer(), interop_peers:peer(), [{interop_cases:test(), term()}]}]) -> ok.
markdown(File, Results0) ->
    Results = lists:sort(fun({#{name := A}, #{name := B}, _}, {#{name := C}, #{name := D}, _}) -> {A, B} =< {C, D} end, Results0),
    Cells = maps:from_list([{{S, C, key(Case)}, Outcome} || {#{name := S}, #{name := C}, Outcomes} <- Results, {Case, Outcome} <- Outcomes]),
    Pairs = [{S, C} || {#{name := S}, #{name := C}, _} <- Results],
    Keys = lists:uniq([key(Case) || {_, _, Outcomes} <- Results, {Case, _} <- Outcomes]),
    Families = lists:uniq([Family || {Family, _, _} <- Keys]),
    Failures = [{S, C, Key, Why} || {{S, C, Key}, {failed, Why}} <- lists:sort(maps:to_list(Cells))],
    Passed = length([ok || {_, ok} <- maps:to_list(Cells)]),
    Text = ["# Interoperability\n\n",
            "Each column is a pair, server > client. ok: connected with what the row says and talked both ways; **failed**; ",
            "`.`: one of the two cannot be told, or does not have it. ' marks a tool of the OTP 29 root.\n\n",
            io_lib:format("~b passed, ~b failed.\n", [Passed, length(Failures)]),
            [[io_lib:format("\n## ~ts\n\n", [family(Family)]), "| |", [[" ", S, " > ", C, " |"] || {S, C} <- Pairs], "\n|---|",
              ["---|" || _ <- Pairs], "\n",
              [["| ", Name, script(Script), " |", [[" ", cell(maps:get({S, C, Key}, Cells, left_out)), " |"] || {S, C} <- Pairs], "\n"]
               || {F, Name, Script} = Key <- Keys, F =:= Family]]
             || Family <- Families],
            [["\n## Failures\n\n",
              [io_lib:format("- ~ts > ~ts, ~ts, ~ts~ts: ~ts\n", [S, C, family(F), Name, script(Script), first_line(Why)])
               || {S, C, {F, Name, Script}, Why} <- Failures]] || Failures =/= []]],
    ok = file:write_file(File, unicode:characters_to_binary(Text)).

key(#{family := Family, name := Name, script := Script}) -> {Family, Name, Script}.

family({Family, Version}) -> io_lib:format("~ts ~ts", [Version, Family]);
family(Family) -> ["tlsv1.3 ", atom_to_list(Family)].

script({Kind, Who}) -> io_lib:format(" (~ts by the ~ts)", [Kind, Who]);
script(_) -> "".

cell(ok) -> "ok";
cell(left_out) -> ".";
cell({failed, _}) -> "**failed**".

first_line(Why) -> hd(string:split(unicode:characters_to_list(iolist_to_binary(Why)), "\n")).
