%% connection_information: what was negotiated, as OTP lists it.
-module(ssl_facts).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([all/1, some/2, prf/5, hello/2]).

-define(TLS13, 16#0304).

-define(SECURITY, [client_random, server_random, master_secret, keylog]).
%% Of these the options are not made again to find them.
-define(OF_CONNECTION, [protocol, session_id, session_data, session_resumption, selected_cipher_suite, sni_hostname, srp_username,
                        ecc, selected_group, max_fragment_length | ?SECURITY]).

%% Everything but what concerns secrets.
-spec all(pid()) -> {ok, [{atom(), term()}]} | {error, term()}.
all(Endpoint) ->
    items(Endpoint, fun(Key) -> not lists:member(Key, ?SECURITY) end, true).

%% The items asked for that there are.
-spec some(pid(), [atom()]) -> {ok, [{atom(), term()}]} | {error, term()}.
some(Endpoint, Wanted) ->
    items(Endpoint, fun(Key) -> lists:member(Key, Wanted) end, Wanted -- ?OF_CONNECTION =/= []).

items(Endpoint, Wanted, Options) ->
    case ssl_endpoint:call(Endpoint, information) of
        {ok, Info, More} ->
            {ok, [Item || {Key, Value} = Item <- list(Info, More, Options), Value =/= undefined, Wanted(Key)]};
        {error, _} = Error -> Error
    end.

list(#{version := Version, cipher_suite := Suite, group := Group, server_name := Name, session_id := SessionId,
       max_fragment_length := MaxFragmentLength, client_random := ClientRandom, server_random := ServerRandom} = Info,
     #{options := Options, role := Role, key_log := KeyLog} = More, WithOptions) ->
    #{key_exchange := Kex} = Map = ssl_suites:to_map(Suite),
    [{protocol, ssl_versions:name({Version bsr 8, Version band 255})},
     {session_id, SessionId},
     {session_data, maps:get(session_data, More, undefined)},
     {session_resumption, maps:get(resumed, Info, false)},
     {selected_cipher_suite, Map},
     %% As with OTP, the server's knowledge.
     {sni_hostname, case Name of _ when Name =:= undefined; Role =:= client -> undefined; _ -> binary_to_list(Name) end},
     {srp_username, maps:get(srp_username, Info, undefined)}]
        ++ group(Version, Kex, Group)
        ++ [{max_fragment_length, MaxFragmentLength}]
        ++ case WithOptions of true -> options(Role, Options); false -> [] end
        ++ [{client_random, ClientRandom},
            {server_random, ServerRandom},
            %% As with OTP, that of TLS 1.3 is not told.
            {master_secret, case Version of
                                ?TLS13 -> {master_secret, <<0>>};
                                _ -> maps:get(master_secret, More, undefined)
                            end},
            {keylog, case KeyLog of [] -> undefined; _ -> KeyLog end}].

group(_, _, undefined) ->
    [];
group(?TLS13, _, Group) ->
    [{selected_group, ssl_algorithms:group_name(Group)}];
group(_, Kex, Group) ->
    %% As with OTP, not of suites with PSK.
    case lists:member(Kex, [ecdh_ecdsa, ecdhe_ecdsa, ecdh_rsa, ecdhe_rsa, ecdh_anon]) andalso ssl_algorithms:curve_name(Group) of
        Name when Name =/= false, Name =/= undefined -> [{ecc, {named_curve, Name}}];
        _ -> []
    end.

%% The options of the connection, in OTP's form. What is large or secret is not told: cacerts, certs_keys (which OTP shows with
%% the keys), identities, seeds and tickets.
options(Role, #{given := Given} = Kept) ->
    Options = maps:merge(ssl_opts:again(Given), maps:with([versions, log_level], Kept)),
    lists:append([option(Role, Name, Value) || {Name, Value} <- maps:to_list(Options)]) ++
        [{customize_hostname_check, []} || Role =:= server] ++
        %% OTP turns verify_none into a fun that accepts everything.
        [{verify_fun, {fun(_, _, State) -> {valid, State} end, []}} || #{verify := verify_none, verify_fun := undefined} <- [Options]].

%% Absent in OTP's list, or there only when they are not the default.
option(_, Name, _) when Name =:= protocol; Name =:= erl_dist; Name =:= renegotiate_at; Name =:= max_fragment_length;
                        Name =:= secure_renegotiate; Name =:= sni_hosts; Name =:= cert; Name =:= key; Name =:= password;
                        Name =:= certfile; Name =:= keyfile ->
    [];
option(_, depth, 10) -> [];
option(_, Name, infinity) when Name =:= hibernate_after -> [];
option(_, Name, []) when Name =:= receiver_spawn_opts; Name =:= sender_spawn_opts -> [];
option(_, Name, true) when Name =:= middlebox_comp_mode; Name =:= padding_check -> [];
option(_, Name, false) when Name =:= ktls; Name =:= keep_secrets -> [];
option(_, stapling, no_staple) -> [];
option(_, beast_mitigation, disabled) -> [];
option(client, certificate_authorities, false) -> [];
option(server, certificate_authorities, true) -> [];
option(client, fail_if_no_peer_cert, _) -> [];
option(server, reuse_sessions, extended) -> [{reuse_sessions, false}];
option(_, ciphers, Suites) -> [{ciphers, [ssl_suites:to_map(Suite) || Suite <- Suites]}];
option(_, versions, Versions) -> [{versions, [ssl_versions:number(V) || V <- Versions]}];
option(_, supported_groups, [_ | _] = Groups) -> [{supported_groups, {supported_groups, Groups}}];
option(_, eccs, [_ | _] = Curves) -> [{eccs, {elliptic_curves, [pubkey_cert_records:namedCurves(C) || C <- Curves]}}];
option(_, signature_algs_cert, {default, Algs}) -> [{signature_algs_cert, [default | Algs]}];
option(_, crl_cache, {ssl_crl_cache, {Handle, Arguments}}) ->
    [{crl_cache, {ssl_crl_cache, {Handle, [{owner, normal} | Arguments]}}}];
option(_, partial_chain, undefined) -> [{partial_chain, fun(_) -> unknown_ca end}];
option(server, sni_fun, undefined) -> [{sni_fun, fun(_) -> undefined end}];
option(server, reuse_session, undefined) -> [{reuse_session, fun(_, _, _, _) -> true end}];
option(client, client_preferred_next_protocols, _) -> [];
option(_, Name, Value) -> [{Name, Value}].

%% `ssl:prf/5` with a secret of the caller's, or other seeds than those of an exporter.
-spec prf(pid(), binary() | master_secret, binary(), [binary() | client_random | server_random], non_neg_integer()) ->
          {ok, binary()} | {error, term()}.
prf(Endpoint, Secret, Label, Seed, Length) ->
    case ssl_endpoint:call(Endpoint, information) of
        {ok, #{version := Version, cipher_suite := Suite} = Info, More} ->
            #{prf := Hash} = ssl_suites:to_map(Suite),
            case Secret of
                master_secret when not is_map_key(master_secret, More) ->
                    {error, notsup};
                master_secret ->
                    {ok, ssl_prf:prf(Version, Hash, map_get(master_secret, More), Label, seed(Seed, Info), Length)};
                _ ->
                    {ok, ssl_prf:prf(Version, Hash, Secret, Label, seed(Seed, Info), Length)}
            end;
        {error, _} = Error ->
            Error
    end.

seed(Seed, Info) when is_list(Seed) ->
    [case Part of
         client_random -> map_get(client_random, Info);
         server_random -> map_get(server_random, Info);
         _ -> Part
     end || Part <- Seed];
seed(Seed, _) ->
    Seed.

%% The peer's hello as handshake/1,2,3 and connect/2,3,4 show it with {handshake, hello}: a map of extensions in OTP's form.
%% What the version would have and the hello has not is `undefined`. Versions: those of our own options.
-spec hello(ssl_native:query(), [ssl_versions:version()]) -> ssl:protocol_extensions().
hello({client_hello, #{versions := Offered, extensions := Extensions}}, Versions) ->
    Version = case [V || V <- Versions, lists:member(ssl_versions:code(V), Offered)] of
                  [Best | _] -> Best;
                  [] -> lists:last(Versions)
              end,
    extensions(Version, Extensions, absent(client_hello, Version));
hello({server_hello, #{version := Code, extensions := Extensions}}, _) ->
    Version = ssl_versions:name({Code bsr 8, Code band 255}),
    extensions(Version, Extensions, absent(server_hello, Version)).

absent(client_hello, 'tlsv1.3') ->
    [cookie, key_share, signature_algs, signature_algs_cert, client_hello_versions, certificate_authorities, early_data, sni,
     use_srtp, elliptic_curves, pre_shared_key, max_frag_enum, alpn, ec_point_formats, psk_key_exchange_modes, status_request];
absent(client_hello, 'tlsv1.2') ->
    [signature_algs | absent(client_hello, 'tlsv1.1')];
absent(client_hello, _) ->
    [sni, elliptic_curves, srp, alpn, ec_point_formats, next_protocol_negotiation, renegotiation_info];
absent(server_hello, 'tlsv1.3') ->
    [key_share, server_hello_selected_version, pre_shared_key];
absent(server_hello, _) ->
    [alpn, ec_point_formats, next_protocol_negotiation, renegotiation_info].

extensions(Version, Extensions, Absent) ->
    Found = [Item || {Type, Value} <- Extensions, Item <- extension(Type, Value, Version)],
    maps:merge(maps:from_list([{Name, undefined} || Name <- Absent]), maps:from_list(Found)).

%% One row for each extension that OTP tells of (IANA, TLS ExtensionType Values).
extension(0, Name, _) when is_binary(Name) -> [{sni, binary_to_list(Name)}];
extension(1, Code, _) -> [{max_frag_enum, Code}];
extension(5, Kind, 'tlsv1.3') -> [{status_request, Kind}];
extension(10, Groups, 'tlsv1.3') -> [{elliptic_curves, names(fun ssl_algorithms:group_name/1, Groups)}];
extension(10, Curves, _) ->
    Names = names(fun ssl_algorithms:curve_name/1, Curves),
    [{elliptic_curves, [pubkey_cert_records:namedCurves(C) || C <- Names]}];
extension(11, Formats, _) -> [{ec_point_formats, Formats}];
extension(12, User, _) -> [{srp, User}];
extension(13, Schemes, 'tlsv1.3') -> [{signature_algs, names(fun ssl_algorithms:scheme_name/1, Schemes)}];
extension(13, Schemes, _) -> [{signature_algs, names(fun ssl_algorithms:pair/1, Schemes)}];
extension(14, Body, 'tlsv1.3') -> [{use_srtp, Body}];
extension(16, Names, _) -> [{alpn, protocols(Names)}];
extension(41, Value, _) -> [{pre_shared_key, Value}];
extension(42, _, _) -> [{early_data, ""}];
extension(43, Versions, _) when is_list(Versions) -> [{client_hello_versions, [number(V) || V <- Versions]}];
extension(43, Version, _) -> [{server_hello_selected_version, number(Version)}];
extension(44, Cookie, _) -> [{cookie, Cookie}];
extension(45, Modes, _) -> [{psk_key_exchange_modes, [case M of 0 -> psk_ke; 1 -> psk_dhe_ke; _ -> M end || M <- Modes]}];
extension(47, Names, _) -> [{certificate_authorities, [N || Der <- Names, N <- distinguished(Der)]}];
extension(50, Schemes, _) -> [{signature_algs_cert, names(fun ssl_algorithms:scheme_name/1, Schemes)}];
extension(51, Shares, _) when is_list(Shares) -> [{key_share, [S || Share <- Shares, S <- share(Share)]}];
extension(51, {_, _} = Share, _) -> [{key_share, S} || S <- share(Share)];
extension(51, Group, _) -> [{key_share, ssl_algorithms:group_name(Group)}];
extension(13172, Names, _) -> [{next_protocol_negotiation, protocols(Names)}];
extension(16#ff01, Body, _) -> [{renegotiation_info, <<(byte_size(Body)), Body/binary>>}];
extension(_, _, _) -> [].

names(Name, Codes) -> [N || Code <- Codes, N <- [Name(Code)], N =/= undefined].

number(Version) -> {Version bsr 8, Version band 255}.

share({Group, Key}) ->
    case ssl_algorithms:group_name(Group) of
        undefined -> [];
        Name -> [{key_share_entry, Name, Key}]
    end.

distinguished(Der) ->
    try [pubkey_cert_records:transform(public_key:der_decode('Name', Der), decode)]
    catch error:_ -> []
    end.

%% As in a ProtocolNameList (RFC 7301 section 3.1).
protocols(Names) -> << <<(byte_size(Name)), Name/binary>> || Name <- Names >>.
