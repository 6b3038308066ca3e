%% From options to what connections are made of: the native configuration with certificates, keys and trust store, and
%% a context for the connection process, which ssl_verdict answers the core's queries with.
%%
%% Made once and found again: a configuration is kept under a digest of the options it follows from, in which files
%% stand by identity and time of change. So `ssl:connect` with the options of before costs a few microseconds here, a
%% changed file is seen by the next connection (of a trust store and of a listener: by the first after a second at most),
%% and no process is asked. What holds funs or foreign keys stays in the context and is never kept elsewhere.
-module(ssl_material).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-include_lib("public_key/include/public_key.hrl").

-export([config/2, current/3, client_params/4, renamed/2, same_name/2, server_config_for_sni/2, clear/0]).

-export_type([context/0]).

-type context() ::
        #{role := client | server,
          trust := ssl_trust:trust(),
          %% The files that all this was made of.
          files := [{file:name_all(), ssl_trust:identity()}],
          settings := ssl_peer_check:settings(),
          verify := verify_peer | verify_none,
          %% Keys that the core has only numbers for: 0, 1, ...
          keys := [ssl_keys:private()],
          %% Ephemeral keys between the questions of a key exchange, by group (kx_generate), `dh` or `srp`.
          exchange := #{atom() => term()},
          %% Secrets of PSK and SRP suites: of others by user_lookup_fun, a client's own by srp_identity.
          users := #{lookup => {fun((psk | srp, binary() | undefined, term()) -> term()), term()},
                     srp => {User :: binary(), Password :: binary()}},
          %% What explains the last own verdict.
          details := term(),
          %% Sessions of TLS 1.2 and before.
          sessions := ssl_sessions:policy() | none,
          %% Server: options to start from when the client's name has some of its own.
          sni => #{options := ssl_opts:optmap(), lookup := fun((string()) -> term())},
          %% Server: the options that came by the client's name, once they did.
          options => ssl_opts:parsed()}.

%% Options that the native configuration does not depend on, or not by their value.
-define(APART, [cacerts, cacertfile, certs_keys, verify_fun, partial_chain, sni_fun, sni_hosts, customize_hostname_check,
                cert_policy_opts, crl_cache, user_lookup_fun, reuse_session, keep_secrets, server_name_indication,
                receiver_spawn_opts, sender_spawn_opts, hibernate_after, log_level, dh, dhfile]).

%% RFC 8446 section 4.2.4: the list of names has a length of 16 bits.
-define(MAX_NAMES, 16#ffff).

%%--------------------------------------------------------------------------------------------------------------------
%% Configurations
%%--------------------------------------------------------------------------------------------------------------------

%% The configuration that validated options ask for. Reasons are OTP's: {options, {cacertfile | certfile | keyfile, ..}}.
-spec config(client | server, ssl_opts:optmap()) -> {ok, ssl_native:config(), context()} | {error, Reason :: term()}.
config(Role, Opts) ->
    try
        ok = policies(Opts),
        {Trust, OfTrust} = trust(Opts),
        Sources = [source(Pair) || Pair <- maps:get(certs_keys, Opts, [])],
        {Config, Keys, Scope} = found_or_made(Role, Opts, Trust, Sources),
        {ok, Config, (context(Role, Opts, Trust, Keys, Scope))#{files => files(OfTrust, Sources)}}
    catch
        throw:{?MODULE, Reason} -> {error, Reason}
    end.

%% What a listener that made its configuration earlier is to give the next connection: the same, or, when a file has
%% changed since, a new one from the options that Opts gives. Files that are gone or no good any more change nothing.
%% They are looked at once in a second at most.
-spec current(ssl_native:config(), context(), Opts :: fun(() -> ssl_opts:optmap() | undefined)) ->
          {ssl_native:config(), context()}.
current(Config, #{files := []} = Context, _) ->
    {Config, Context};
current(Config, #{files := Files} = Context, Opts) ->
    case changed(Files) andalso Opts() of
        #{} = Map ->
            case config(server, Map) of
                {ok, New, NewContext} -> {New, NewContext};
                {error, _} -> {Config, Context}
            end;
        _ ->
            {Config, Context}
    end.

changed(Files) ->
    Second = erlang:monotonic_time(second),
    case ssl_material_cache:find({changed, Files}) of
        {ok, {Second, Changed}} ->
            Changed;
        _ ->
            Changed = lists:any(fun({File, Identity}) -> ssl_trust:changed(File, Identity) end, Files),
            {_, _} = ssl_material_cache:store({changed, Files}, {Second, Changed}),
            Changed
    end.

files(OfTrust, Sources) ->
    lists:usort(OfTrust ++ [{File, Identity} || {Cert, Key, _} <- Sources, {file, File, Identity} <- [Cert, Key]]).

%% Releases whose public_key knows no policies would let every chain pass.
policies(#{cert_policy_opts := []}) -> ok;
policies(#{cert_policy_opts := Policies}) ->
    case code:ensure_loaded(pubkey_policy_tree) of
        {module, _} -> ok;
        {error, _} -> fail({options, {not_supported_yet, {cert_policy_opts, Policies}}})
    end.

%% Forgets what was made of files: `ssl:clear_pem_cache/0`.
-spec clear() -> ok.
clear() ->
    ssl_material_cache:clear().

context(Role, Opts, Trust, Keys, Scope) ->
    Context = #{role => Role,
                trust => Trust,
                settings => settings(Role, Opts),
                verify => map_get(verify, Opts),
                keys => Keys,
                files => [],
                exchange => #{},
                users => users(Opts),
                sessions => ssl_sessions:policy(Role, Opts, Scope),
                details => undefined},
    case Role of
        server -> with_sni(Opts, Trust, Context);
        client -> Context
    end.

users(Opts) ->
    maps:from_list([{Key, Value} || {Key, Option} <- [{lookup, user_lookup_fun}, {srp, srp_identity}],
                                    {_, _} = Value <- [maps:get(Option, Opts, undefined)]]).

settings(Role, Opts) ->
    #{role => Role,
      server_name => maps:get(server_name_indication, Opts, undefined),
      depth => map_get(depth, Opts),
      verify_fun => map_get(verify_fun, Opts),
      partial_chain => map_get(partial_chain, Opts),
      customize_hostname_check => maps:get(customize_hostname_check, Opts, []),
      cert_policy_opts => map_get(cert_policy_opts, Opts),
      allow_any_ca_purpose => map_get(allow_any_ca_purpose, Opts),
      cert_algs => cert_algs(Opts)}.

cert_algs(#{signature_algs := Algs, signature_algs_cert := CertAlgs} = Opts) ->
    Names = case CertAlgs of
                undefined -> Algs;
                {default, Default} -> Default;
                _ -> CertAlgs
            end,
    algs(Names, Opts).

%% Code points of signature algorithms in the versions of the options. Before TLS 1.2 there are none.
algs(undefined, _) ->
    any;
algs(Names, Opts) ->
    case ssl_opts:negotiable(Opts) of
        ['tlsv1.3'] -> tls13_codes(Names);
        _ -> lists:uniq([ssl_algorithms:scheme_code(Name) || Name <- Names])
    end.

%% Code points of the algorithms that mean something in TLS 1.3. Pairs of hash and algorithm are of TLS 1.2: as OTP has
%% it, those of RSA stand for the PKCS#1 schemes and those with SHA-1 for theirs, and others for nothing, since an ECDSA
%% pair says no curve (RFC 8446 section 4.2.3).
tls13_codes(Names) ->
    lists:uniq([ssl_algorithms:scheme_code(Name) || Name <- Names, is_tls13(Name)]).

is_tls13({Hash, rsa}) -> lists:member(Hash, [sha512, sha384, sha256, sha]);
is_tls13({Hash, ecdsa}) -> Hash =:= sha;
is_tls13(Name) -> is_atom(Name).

%% The name to send and the name to verify, for a connection to Host (as given to `ssl:connect/3,4`, undefined for
%% `ssl:connect/2`).
-spec client_params(ssl_opts:optmap(), Host :: term(), Port :: inet:port_number() | undefined, context()) ->
          {#{server_name := binary() | undefined, verify_name := {dns | ip, binary()} | undefined, session => binary()},
           context()}.
client_params(Opts, Host, Port, #{settings := Settings, sessions := Policy0} = Context) ->
    Name = case map_get(server_name_indication, Opts) of
               undefined when is_atom(Host), Host =/= undefined -> atom_to_list(Host);
               undefined -> Host;
               Given -> Given
           end,
    Params = #{server_name => ssl_opts:server_name(Opts), verify_name => verify_name(Name)},
    %% As with OTP, sessions are found by the name that stands for the server.
    Server = case Opts of
                 #{server_name_indication := [_ | _] = Given1} -> Given1;
                 #{} -> Host
             end,
    Policy1 = ssl_sessions:with_server(Policy0, {Server, Port, Name}),
    {Session, Policy} = ssl_sessions:offer(Policy1, maps:get(reuse_session, Opts, undefined),
                                           map_get(handshake, Opts) =:= hello),
    {case Session of
         undefined -> Params;
         _ -> Params#{session => Session}
     end,
     Context#{settings := Settings#{server_name := Name}, sessions := Policy}}.

%% Never `undefined` where a name is to be verified: the core would then verify none. With `disable` it verifies
%% nothing at all (native_verification/2). What is no name equals none in a certificate, so that the query decides.
verify_name(disable) -> undefined;
verify_name([_ | _] = Name) ->
    case inet:parse_strict_address(Name) of
        {ok, Address} ->
            verify_name(Address);
        {error, _} ->
            case unicode:characters_to_binary(Name) of
                Bytes when is_binary(Bytes) -> {dns, Bytes};
                _ -> {dns, <<0>>}
            end
    end;
verify_name({A, B, C, D}) -> {ip, <<A, B, C, D>>};
verify_name({_, _, _, _, _, _, _, _} = Address) -> {ip, << <<Part:16>> || Part <- tuple_to_list(Address) >>};
verify_name(_) -> {dns, <<0>>}.

%% Options that came after the client's hello. The core has the name from before it: with another one it may not judge.
-spec renamed(ssl_opts:optmap(), ssl_opts:optmap()) -> ssl_opts:optmap().
renamed(#{server_name_indication := Name}, #{server_name_indication := Name} = Opts) -> Opts;
renamed(_, #{server_name_indication := _} = Opts) -> Opts#{verify_name => renamed};
renamed(_, Opts) -> Opts.

%% The context of those options, with the name that came by the host if they have none.
-spec same_name(context(), context()) -> context().
same_name(#{settings := #{server_name := OldName}, sessions := Old}, #{settings := #{role := client} = Settings} = Context0) ->
    Name = case Settings of
               #{server_name := undefined} -> OldName;
               #{server_name := Given} -> Given
           end,
    Context = Context0#{settings := Settings#{server_name := Name}},
    case {Old, Context} of
        {#{server := {Host, Port}}, #{sessions := New}} ->
            Context#{sessions := ssl_sessions:with_server(New, {Host, Port, Name})};
        _ ->
            Context
    end;
same_name(_, Context) ->
    Context.

%%--------------------------------------------------------------------------------------------------------------------
%% Found or made
%%--------------------------------------------------------------------------------------------------------------------

found_or_made(Role, Opts, Trust, Sources) ->
    case digest(Role, Opts, Trust, Sources) of
        uncertain ->
            make(Role, Opts, Trust, Sources);
        Digest ->
            case ssl_material_cache:find(Digest) of
                {ok, {Config, Scope}} ->
                    {Config, [], Scope};
                miss ->
                    case make(Role, Opts, Trust, Sources) of
                        {Config, [], Scope} = Made ->
                            _ = ssl_material_cache:store(Digest, {Config, Scope}),
                            Made;
                        Made ->
                            Made
                    end
            end
    end.

%% `uncertain`: a key is no data.
digest(Role, Opts, Trust, Sources) ->
    case lists:any(fun({_, Key, _}) -> is_foreign(Key) end, Sources) of
        true ->
            uncertain;
        false ->
            Plain = maps:without(?APART, Opts),
            Own = [{Cert, Key, asked(Password)} || {Cert, Key, Password} <- Sources],
            {config, crypto:hash(sha256, term_to_binary({Role, Plain, ssl_trust:store(Trust), Own, dh(Role, Opts),
                                                         native_verification(Role, Opts), asks(Opts)}))}
    end.

is_foreign({key, #{}}) -> true;
is_foreign(_) -> false.

asks(Opts) ->
    #{verify_fun := VerifyFun, keep_secrets := KeepSecrets} = Opts,
    {VerifyFun =/= undefined, KeepSecrets =/= false, maps:get(user_lookup_fun, Opts, undefined) =/= undefined,
     maps:get(sni_fun, Opts, undefined) =/= undefined, maps:get(sni_hosts, Opts, []) =/= []}.

make(Role, Opts, Trust, Sources) ->
    Pairs = lists:append([read(Role, S) || S <- Sources]),
    Ordered = ssl_keys:prioritize([{Key, {Chain, Given}} || {Chain, Key, Given} <- Pairs]),
    {Credentials, Keys} = credentials(Ordered, Trust, [], []),
    Scope = ssl_sessions:config_scope(Opts, ssl_trust:digest(Trust), [Chain || {Chain, _, _} <- Pairs]),
    Map = maps:merge(
            (ssl_opts:core_config(Role, Opts))#{
              signature_algs => schemes(Opts),
              signature_algs_cert => cert_schemes(Opts),
              verify_peer => map_get(verify, Opts) =:= verify_peer orelse wants_verdict(Role, Opts),
              credentials => Credentials,
              certificate_authorities => authorities(Opts, Trust),
              native_verify => case native_verification(Role, Opts) of
                                   true -> {ssl_trust:store(Trust), map_get(depth, Opts)};
                                   false -> undefined
                               end},
            case ssl_opts:before_13(Role, Opts) of
                Before when map_size(Before) =:= 0 -> Before;
                Before -> Before#{session_scope => Scope, dh => dh(Role, Opts)}
            end),
    case ssl_native:config(Map) of
        {ok, Config} -> {Config, Keys, {Scope, ssl_sessions:algorithms(algs(map_get(signature_algs, Opts), Opts), cert_algs(Opts))}};
        {error, {Field, Reason}} -> fail({options, {Field, Reason}})
    end.

%% Before TLS 1.2 the version says how is signed.
schemes(#{signature_algs := undefined}) ->
    [];
schemes(#{signature_algs := Algs} = Opts) ->
    case algs(Algs, Opts) of
        [] -> fail({options, {no_supported_algorithms, {signature_algs, Algs}}});
        Schemes -> Schemes
    end.

cert_schemes(#{signature_algs_cert := undefined}) -> undefined;
cert_schemes(Opts) -> cert_algs(Opts).

%% Diffie-Hellman parameters of a server: those of the options, else the group of 2048 bits of RFC 3526.
dh(client, _) ->
    undefined;
dh(server, Opts) ->
    case Opts of
        #{dh := Der} when is_binary(Der) -> parameters(dh, Der);
        #{dhfile := File} when is_binary(File) -> parameters(dhfile, dh_entry(File));
        #{} -> numbers(ssl_dh_groups:modp2048_prime(), ssl_dh_groups:modp2048_generator())
    end.

dh_entry(File) ->
    case file:read_file(File) of
        {ok, Pem} ->
            try [Der || {'DHParameter', Der, _} <- public_key:pem_decode(Pem)] of
                [Der | _] -> Der;
                [] -> fail({options, {dhfile, binary_to_list(File), no_dh_parameters}})
            catch
                error:_ -> fail({options, {dhfile, binary_to_list(File), no_dh_parameters}})
            end;
        {error, Reason} ->
            fail({options, {dhfile, binary_to_list(File), {error, Reason}}})
    end.

parameters(Option, Der) ->
    try public_key:der_decode('DHParameter', Der) of
        #'DHParameter'{prime = Prime, base = Base} -> numbers(Prime, Base)
    catch
        error:_ -> fail({options, {Option, asn1}})
    end.

numbers(Prime, Base) -> {binary:encode_unsigned(Prime), binary:encode_unsigned(Base)}.

%% A client's verify_fun is asked even with verify_none.
wants_verdict(client, #{verify_fun := VerifyFun}) -> VerifyFun =/= undefined;
wants_verdict(server, _) -> false.

%% May the core judge chains itself? Only where the answer cannot depend on anything but chain, store, depth and name;
%% and what it does not accept is asked all the same.
native_verification(Role, Opts) ->
    case Opts of
        #{verify := verify_peer, verify_fun := undefined, partial_chain := undefined, cert_policy_opts := [],
          crl_check := false} ->
            maps:get(customize_hostname_check, Opts, []) =:= []
                andalso maps:get(stapling, Opts, no_staple) =:= no_staple
                andalso not is_map_key(verify_name, Opts)
                andalso (Role =:= server orelse map_get(server_name_indication, Opts) =/= disable);
        #{} ->
            false
    end.

%% Names of the trust store, as many as the extension holds.
authorities(#{certificate_authorities := true, verify := Verify}, Trust) when Verify =:= verify_peer ->
    case fitting(ssl_trust:names(Trust), ?MAX_NAMES) of
        [] -> undefined;
        Names -> Names
    end;
authorities(_, _) ->
    undefined.

fitting([Name | Rest], Left) when byte_size(Name) + 2 =< Left -> [Name | fitting(Rest, Left - byte_size(Name) - 2)];
fitting(_, _) -> [].

%%--------------------------------------------------------------------------------------------------------------------
%% Trust store, certificates and keys
%%--------------------------------------------------------------------------------------------------------------------

%% The trust store, and the file that it is from, if it is. The store of a listener travels with the options for server
%% names as `[Trust]`.
trust(#{cacerts := [{?MODULE, Trust}]}) ->
    {Trust, []};
trust(#{cacerts := CaCerts}) when is_list(CaCerts) ->
    {ssl_trust:from_list(CaCerts), []};
trust(#{cacertfile := File}) when is_binary(File), File =/= <<>> ->
    case ssl_trust:from_file(File) of
        {ok, Trust, Identity} -> {Trust, [{File, Identity}]};
        {error, Reason} -> fail({options, {cacertfile, binary_to_list(File), {error, Reason}}})
    end;
trust(_) ->
    {ssl_trust:empty(), []}.

%% Where certificate and key of a pair come from; files by identity.
source(Pair) ->
    Cert = case Pair of
               #{cert := Chain} -> {chain, Chain};
               #{certfile := File} -> file(certfile, File);
               #{} -> none
           end,
    Key = case Pair of
              #{key := Given} -> {key, Given};
              #{keyfile := KeyFile} -> file(keyfile, KeyFile);
              #{} -> none
          end,
    {Cert, Key, maps:get(password, Pair, undefined)}.

file(Option, File) ->
    case ssl_trust:file_identity(File) of
        {ok, Identity} -> {file, File, Identity};
        {error, Reason} -> file_error(Option, File, Reason)
    end.

-spec file_error(certfile | keyfile, binary(), term()) -> no_return().
file_error(certfile, File, Reason) -> fail({options, {certfile, binary_to_list(File), {error, Reason}}});
file_error(keyfile, File, Reason) -> fail({options, {keyfile, binary_to_list(File), {error, Reason}}}).

-spec fail(term()) -> no_return().
fail(Reason) -> throw({?MODULE, Reason}).

%% A key alone counts for nothing; a server may be told the key of its certificate later.
read(client, {Cert, none, _}) when Cert =/= none ->
    fail({options, {certs_keys, cert_and_key_required}});
read(_, {Cert, Key, Password}) ->
    Chain = chain(Cert),
    case key(Key, Password) of
        none -> [];
        _ when Chain =:= [] -> [];
        {Private, Given} -> [{Chain, Private, Given}]
    end.

chain(none) -> [];
chain({chain, Chain}) -> Chain;
chain({file, File, _}) ->
    case [Der || {'Certificate', Der, not_encrypted} <- entries(certfile, File)] of
        [] -> fail({options, {certfile, binary_to_list(File), no_certs}});
        Chain -> Chain
    end.

entries(Option, File) ->
    case file:read_file(File) of
        {ok, Pem} ->
            try public_key:pem_decode(Pem)
            catch error:_ -> []
            end;
        {error, eisdir} when Option =:= certfile ->
            [];
        {error, Reason} ->
            file_error(Option, File, Reason)
    end.

key(none, _) ->
    none;
key({key, #{} = Foreign}, _) ->
    case ssl_keys:type(Foreign) of
        undefined -> fail({options, {key, unknown_algorithm}});
        _ -> {Foreign, undefined}
    end;
key({key, {_, _} = Der}, _) ->
    try {ssl_keys:decode(Der), Der}
    catch error:_ -> fail({options, {key, invalid}})
    end;
key({file, File, _}, Password) ->
    %% The entries themselves, which OTP would show here, may be keys.
    case ssl_keys:pem_entries(entries(keyfile, File)) of
        [{Type, Der, not_encrypted} = Entry] -> {decrypted(File, Entry, Password), {Type, Der}};
        [Entry] -> {decrypted(File, Entry, Password), undefined};
        [] -> fail({options, {keyfile, binary_to_list(File), []}});
        _ -> fail({options, {keyfile, binary_to_list(File), {unexpected_content, {missing_single_key, File}}}})
    end.

decrypted(File, {_, _, not_encrypted} = Entry, _) ->
    decode(File, Entry, "");
decrypted(_, _, undefined) ->
    fail({keyfile, function_clause});
decrypted(File, Entry, Password) ->
    case asked(Password) of
        {ok, Text} -> decode(File, Entry, Text);
        {other, What} -> fail({keyfile, refusal(Entry, What)});
        {failed, Reason} -> fail({keyfile, Reason})
    end.

%% What public_key says to a password that is no text.
refusal(Entry, What) ->
    try ssl_keys:pem_decode(Entry, What) of
        _ -> badarg
    catch
        _:Reason when is_atom(Reason) -> Reason;
        _:_ -> badarg
    end.

decode(File, Entry, Password) ->
    try ssl_keys:pem_decode(Entry, Password)
    catch
        error:{badmatch, {error, {asn1, {Reason, _}}}} ->
            %% Only the kind of error: the rest may show bytes of the key.
            fail({options, {keyfile, binary_to_list(File), {error, {asn1, kind(Reason)}}}});
        _:_ ->
            fail({options, {keyfile, binary_to_list(File), wrong_password}})
    end.

kind(Reason) when is_tuple(Reason), is_atom(element(1, Reason)) -> element(1, Reason);
kind(Reason) when is_atom(Reason) -> Reason;
kind(_) -> invalid.

%% A password, or why there is none: as OTP names it. It is a fun's, in any case (ssl_opt_rules).
asked(undefined) ->
    {ok, ""};
asked(Fun) ->
    try Fun() of
        Password when is_list(Password); is_binary(Password) ->
            try unicode:characters_to_list(Password) of
                Text when is_list(Text) -> {ok, Text};
                _ -> {ok, ""}
            catch
                error:badarg -> {other, Password}
            end;
        Other ->
            {other, Other}
    catch
        _:Reason -> {failed, Reason}
    end.

%% Native credentials, most preferred first; keys that only Erlang can use, in the order of their numbers.
credentials([], _, Credentials, Keys) ->
    {lists:reverse(Credentials), lists:reverse(Keys)};
credentials([{Key, {Chain0, Given}} | Rest], Trust, Credentials, Keys) ->
    {Chain, Leaf} = full_chain(Chain0, Trust),
    Native = case ssl_keys:native(Key, Given) of
                 none -> none;
                 NativeKey -> ssl_native:credential(Chain, NativeKey)
             end,
    case Native of
        {ok, Credential, _} ->
            credentials(Rest, Trust, [Credential | Credentials], Keys);
        _ ->
            %% Also a key that does not fit its certificate: that is for the peer to find out, as with OTP.
            Schemes = [ssl_algorithms:scheme_code(S) || S <- ssl_keys:schemes(Key, Leaf)],
            case ssl_native:credential(Chain, {external, length(Keys), Schemes}) of
                {ok, Credential, _} -> credentials(Rest, Trust, [Credential | Credentials], [Key | Keys]);
                {error, _} -> credentials(Rest, Trust, Credentials, Keys)
            end
    end.

%% A certificate that comes alone is completed from the trust store.
full_chain([Der | _] = Chain, Trust) ->
    try public_key:pkix_decode_cert(Der, otp) of
        Leaf when tl(Chain) =:= [] ->
            {[C || #cert{der = C} <- ssl_chain:complete(#cert{der = Der, otp = Leaf}, Trust)], Leaf};
        Leaf ->
            {Chain, Leaf}
    catch
        error:_ -> {Chain, undefined}
    end.

%%--------------------------------------------------------------------------------------------------------------------
%% Options by server name
%%--------------------------------------------------------------------------------------------------------------------

with_sni(Opts, Trust, Context) ->
    Lookup = case Opts of
                 #{sni_fun := Fun} when is_function(Fun, 1) -> Fun;
                 #{sni_hosts := [_ | _] = Hosts} -> fun(Name) -> proplists:get_value(Name, Hosts) end;
                 #{} -> none
             end,
    case Lookup of
        none ->
            Context;
        _ ->
            %% Every connection process has a copy of this: the trust store goes as what it became.
            Slim = case Opts of
                       #{cacerts := [_ | _]} -> Opts#{cacerts := [{?MODULE, Trust}]};
                       #{} -> Opts
                   end,
            Context#{sni => #{options => Slim, lookup => Lookup}}
    end.

%% What the options for a server name change: nothing, the configuration, or everything (RFC 6066 section 3).
-spec server_config_for_sni(Name :: string(), context()) ->
          original | {ok, ssl_native:config(), context()} | unrecognized | {error, Details :: atom()}.
server_config_for_sni(Name, #{sni := #{options := Opts, lookup := Lookup}} = Context) ->
    try Lookup(Name) of
        undefined -> original;
        unrecognized -> unrecognized;
        Given ->
            try merged(Given, Opts, Context)
            catch
                %% Options of the wildest shape harm this handshake only.
                _:What -> erroneous(ssl_fault:reason(What))
            end
    catch
        Class:Reason:Stack ->
            ssl_log:failure("sni_fun crashed ~p ~p~n ~p~n", [Class, Reason, {stacktrace, ssl_fault:stack(Stack)}]),
            {error, sni_fun_crashed}
    end;
server_config_for_sni(_, _) ->
    original.

merged(Given, Opts, Context) ->
    %% Further options by name would have no effect.
    Parsed = #{ssl => Opts, transport => {gen_tcp, tcp, tcp_closed, tcp_error, tcp_passive}, socket_opts => [],
               given => {server, undefined, []},
               emulated => #{mode => list, packet => 0, packet_size => 0, header => 0, active => true}},
    case is_list(Given) andalso ssl_opts:sni(Given, Parsed) of
        {ok, #{ssl := New} = All} ->
            case config(server, New) of
                {ok, Config, NewContext} ->
                    {ok, Config, (maps:remove(sni, NewContext))#{exchange := map_get(exchange, Context), options => All}};
                {error, _} = Error ->
                    erroneous(Error)
            end;
        {error, _} = Error ->
            erroneous(Error);
        false ->
            erroneous(Given)
    end.

erroneous(Reason) ->
    ssl_log:failure("sni_fun provided erroneous options : ~p~n", [Reason]),
    {error, sni_fun_provided_erroneous_options}.
