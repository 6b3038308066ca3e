#!/usr/bin/env escript
%% Runs chains that `write_random_chains` (native/tls/src/x509/differential.rs) wrote through the certificate check of stock
%% ssl of the running release (28 or later). Every chain that the native check accepted must be accepted; the other way
%% round differences are counted by the native reason, as they cost time only.
-mode(compile).

main([File]) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    put(ssl_manager, ssl_manager:name(normal)),
    put(ssl_pem_cache, ssl_pem_cache:name(normal)),
    {ok, Text} = file:read_file(File),
    Lines = binary:split(Text, <<"\n">>, [global, trim_all]),
    Results = [line(Line) || Line <- Lines],
    Wrong = [R || {<<"ok">>, {error, _}, _} = R <- Results],
    Both = length([ok || {<<"ok">>, ok, _} <- Results]),
    Stricter = lists:foldl(fun({V, ok, _}, M) when V =/= <<"ok">> -> maps:update_with(V, fun(N) -> N + 1 end, 1, M);
                              (_, M) -> M
                           end, #{}, Results),
    Neither = length([ok || {V, {error, _}, _} <- Results, V =/= <<"ok">>]),
    io:format("~p chains: ~p accepted by both, ~p by neither, ~p natively only~nby stock only: ~p~n",
              [length(Results), Both, Neither, length(Wrong), maps:to_list(Stricter)]),
    [io:format("WRONG: ~p~n~s~n", [Reason, Line]) || {_, {error, Reason}, Line} <- lists:sublist(Wrong, 5)],
    halt(case Wrong of [] -> 0; _ -> 1 end).

line(Line) ->
    [Verdict, Role, Depth, Name, Anchors, Chain] = binary:split(Line, <<"\t">>, [global]),
    {Verdict, check(binary_to_existing_atom(Role), binary_to_integer(Depth), binary_to_list(Name), ders(Anchors), ders(Chain)),
     Line}.

ders(Hexes) ->
    [binary:decode_hex(Hex) || Hex <- binary:split(Hexes, <<",">>, [global])].

check(Role, Depth, Name, Anchors, Chain) ->
    %% The schemes of SCHEMES in native/tls/src/x509/tests.rs.
    Schemes = [ecdsa_secp256r1_sha256, ecdsa_secp384r1_sha384, ecdsa_secp521r1_sha512,
               rsa_pkcs1_sha256, rsa_pkcs1_sha384, eddsa_ed25519],
    Options0 = [{verify, verify_peer}, {cacerts, Anchors}, {depth, Depth}, {versions, ['tlsv1.3']},
                {signature_algs, [ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256]}, {signature_algs_cert, Schemes}],
    Options1 = case Role of
                   client -> Options0;
                   server -> [{cert, hd(Chain)}, {key, {'ECPrivateKey', <<>>}} | Options0]
               end,
    try
        {ok, Config} = ssl_config:handle_options(Options1, Role, Name),
        Options = element(2, Config),
        {ok, #{cert_db_ref := Ref, cert_db_handle := Db, crl_db_info := Crl}} =
            ssl_manager:connection_init({der, Anchors}, Role, {ssl_crl_cache, {internal, []}}),
        Certs = [{cert, Der, public_key:pkix_decode_cert(Der, otp)} || Der <- Chain],
        case ssl_handshake:certify(Certs, Db, Ref, Options, Crl, Role, Name, {3, 4},
                                   #{cert_ext => #{}, stapling_state => #{configured => false, status => not_negotiated}}) of
            {_, _} -> ok;
            Alert -> {error, Alert}
        end
    catch
        Class:Reason:Stack -> {error, {Class, Reason, hd(Stack)}}
    end.
