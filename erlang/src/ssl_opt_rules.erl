%% Rules that look at more than one option: exclusions, dependencies, and options that are made from several.
%%
%% Named by the plan of `ssl_options_table`; a rule takes the context of the check and returns it, or throws
%% `{error, Reason}` as OTP 29 reports it.
-module(ssl_opt_rules).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([apply_rule/2, versions/3, certs_or_anonymous/1, not_supported_yet/1]).

-include_lib("kernel/include/logger.hrl").

-type context() :: ssl_opts:context().

-spec apply_rule(atom(), context()) -> context().

apply_rule(dist_is_tls, C) ->
    dtls_excludes(erl_dist, C);
apply_rule(ktls_is_tls, C) ->
    dtls_excludes(ktls, C);

%% verify given anew: what hangs on the old value is forgotten. (But not that a certificate was demanded, when
%% none is verified now: that is for the user to resolve.)
apply_rule(verify_changed, C) ->
    case {ssl_opts:source(verify, C), ssl_opts:get(verify, C)} of
        {new, verify_peer} -> ssl_opts:forget([verify_fun, fail_if_no_peer_cert], C);
        {new, verify_none} -> ssl_opts:forget([verify_fun], C);
        _ -> C
    end;
apply_rule(trust_anchors, C) ->
    trust_anchors(C);
apply_rule(peer_cert_needed, C) ->
    peer_cert_needed(C);
apply_rule(own_certificates, C) ->
    own_certificates(C);

apply_rule(one_source_of_sni_options, C) ->
    Both = ssl_opts:source(sni_fun, C) =:= new andalso ssl_opts:get(sni_hosts, C) =/= [],
    incompatible_if(Both, [sni_fun, sni_hosts]),
    C;

apply_rule(tickets_need_13, C) ->
    case ssl_opts:get(session_tickets, C) of
        disabled -> ok;
        _ -> versions(session_tickets, ['tlsv1.3'], C)
    end,
    C;
apply_rule(usable_tickets, C) ->
    usable_tickets(ssl_opts:get(use_ticket, C), ssl_opts:get(session_tickets, C), C),
    C;
apply_rule(client_early_data, C) ->
    Given = is_binary(ssl_opts:get(early_data, C)),
    Tickets = ssl_opts:get(session_tickets, C),
    incompatible_if(Given andalso Tickets =:= disabled, [early_data, {session_tickets, disabled}]),
    incompatible_if(Given andalso Tickets =:= manual andalso ssl_opts:get(use_ticket, C) =:= undefined,
                    [early_data, {session_tickets, manual}, {use_ticket, undefined}]),
    C;
apply_rule(server_early_data, C) ->
    incompatible_if(ssl_opts:get(early_data, C) =:= enabled andalso ssl_opts:get(session_tickets, C) =:= disabled,
                    [early_data, {session_tickets, disabled}]),
    C;
apply_rule(anti_replay, C) ->
    {_, Value} = ssl_opts:lookup(anti_replay, C),
    ssl_opts:put(anti_replay, anti_replay(Value, ssl_opts:get(session_tickets, C)), C);
apply_rule(seed_is_stateless, C) ->
    Tickets = ssl_opts:get(session_tickets, C),
    incompatible_if(ssl_opts:get(stateless_tickets_seed, C) =/= undefined andalso not stateless(Tickets),
                    [stateless_tickets_seed, {session_tickets, Tickets}]),
    C;
apply_rule(replay_warning, C) ->
    case ssl_opts:get(early_data, C) =:= enabled andalso stateless(ssl_opts:get(session_tickets, C))
        andalso ssl_opts:get(anti_replay, C) =:= undefined of
        true -> ?LOG_WARNING("early_data is enabled without anti_replay: early data can be replayed");
        false -> ok
    end,
    C;

apply_rule(signature_algs, C) ->
    signature_algs(C);
apply_rule(diffie_hellman, C) ->
    diffie_hellman(C);
apply_rule(eccs, C) ->
    eccs(C);
apply_rule(psk_groups, C) ->
    key_share_groups(ssl_opts:get(supported_groups, C), C).

%%--------------------------------------------------------------------------------------------------------------
%% Helpers
%%--------------------------------------------------------------------------------------------------------------

incompatible_if(true, Options) -> ssl_opt_values:incompatible(Options);
incompatible_if(false, _) -> ok.

dtls_excludes(Option, C) ->
    incompatible_if(ssl_opts:get(protocol, C) =:= dtls andalso ssl_opts:get(Option, C),
                    [{protocol, dtls}, {Option, true}]),
    C.

%% One at least of the versions must be enabled.
-spec versions(atom(), all | [atom()] | {role, [atom()], [atom()]}, context()) -> ok.
versions(_, all, _) ->
    ok;
versions(Option, {role, Client, Server}, C) ->
    versions(Option, ssl_opts:by_role(C, Client, Server), C);
versions(Option, Needed, C) ->
    Enabled = [ssl_versions:tls_equivalent(V) || V <- ssl_opts:get(versions, C)],
    incompatible_if(not lists:any(fun(V) -> lists:member(V, Needed) end, Enabled), [Option, {versions, Enabled}]).

%% An option makes others void: say so once.
overrides(Option, Others, C) ->
    User = ssl_opts:user(C),
    case ssl_opts:source(Option, C) =:= new andalso [O || O <- Others, is_map_key(O, User)] of
        [_ | _] = Ignored -> ssl_opts:notice(C, "Options ~w are ignored", [Ignored], "Option ~w is set", [Option]);
        _ -> ok
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Verification
%%--------------------------------------------------------------------------------------------------------------

trust_anchors(C0) ->
    CaCerts = ssl_opts:get(cacerts, C0),
    {Source, File0} = ssl_opts:lookup(cacertfile, C0),
    File = case Source of
               _ when CaCerts =/= undefined ->
                   overrides(cacerts, [cacertfile], C0),
                   undefined;
               new ->
                   ssl_opt_values:absolute_path(ssl_opts:get(cacertfile, C0));
               _ ->
                   File0
           end,
    C = ssl_opts:put(cacertfile, File, C0),
    incompatible_if(File =:= undefined andalso CaCerts =:= undefined
                    andalso ssl_opts:get(verify, C) =:= verify_peer,
                    [{verify, verify_peer}, {cacerts, undefined}]),
    C.

peer_cert_needed(C) ->
    Fail = ssl_opts:get(fail_if_no_peer_cert, C),
    case ssl_opts:by_role(C, Fail, false) of
        true -> throw({error, {option, server_only, fail_if_no_peer_cert}});
        false -> ok
    end,
    incompatible_if(Fail andalso ssl_opts:get(verify, C) =:= verify_none,
                    [{verify, verify_none}, {fail_if_no_peer_cert, true}]),
    ssl_opts:by_role(C, ssl_opts:forget([fail_if_no_peer_cert], C), C).

%%--------------------------------------------------------------------------------------------------------------
%% Own certificates: `certs_keys`, or one made of cert, certfile, key, keyfile and password
%%--------------------------------------------------------------------------------------------------------------

own_certificates(C) ->
    {Source, CertsKeys} = ssl_opts:lookup(certs_keys, C),
    User = ssl_opts:user(C),
    Pairs = case {Source, CertsKeys} of
                {new, _} ->
                    overrides(certs_keys, [cert, certfile, key, keyfile, password], C),
                    [pair(Pair, #{}, C) || Pair <- CertsKeys];
                {old, [Old]} ->
                    [pair(User, Old, C)];
                {_, []} ->
                    [pair(User, #{}, C)];
                {old, Several} ->
                    Several
            end,
    ssl_opts:put(certs_keys, [P || P <- Pairs, map_size(P) > 0], C).

%% One certificate with its key, from what the user gives now over what is there already.
pair(New, Old, C) when is_map(New) ->
    password(New, key(New, cert(New, Old, C), C));
pair(_, _, C) ->
    ssl_opt_values:fail(certs_keys, ssl_opts:get(certs_keys, C)).

cert(New, Pair, C) ->
    case given(cert, New, Pair) of
        {Source, Cert} when is_binary(Cert) -> cert_chain(Source, [Cert], New, Pair, C);
        {Source, [First | _] = Chain} when is_binary(First) -> cert_chain(Source, Chain, New, Pair, C);
        {new, Other} -> ssl_opt_values:fail(cert, Other);
        _ -> cert_file(given(certfile, New, Pair), Pair, C)
    end.

cert_chain(new, Chain, #{certfile := _}, Pair, C) ->
    ssl_opts:notice(C, "Options ~w are ignored", [[certfile]], "Option ~w is set", [cert]),
    Pair#{cert => Chain};
cert_chain(_, Chain, _, Pair, _) ->
    Pair#{cert => Chain}.

cert_file({default, _}, Pair, _) -> Pair;
cert_file({old, _}, Pair, _) -> Pair;
cert_file({new, File}, Pair, C) -> Pair#{certfile => file(certfile, File, C)}.

key(New, Pair, C) ->
    case given(key, New, Pair) of
        {_, undefined} -> key_file(given(keyfile, New, Pair), Pair, C);
        {_, Key} -> Pair#{key => checked_key(Key, C)}
    end.

%% Without a key file the certificate's file has the key.
key_file({new, File}, Pair, C) -> Pair#{keyfile => file(keyfile, File, C)};
key_file({old, _}, Pair, _) -> Pair;
key_file(_, #{certfile := File} = Pair, _) -> Pair#{keyfile => File};
key_file(_, Pair, _) -> Pair.

checked_key({Type, Der} = Key, _)
  when is_binary(Der), Type =:= rsa orelse Type =:= dsa orelse Type =:= 'RSAPrivateKey'
                       orelse Type =:= 'DSAPrivateKey' orelse Type =:= 'ECPrivateKey'
                       orelse Type =:= 'PrivateKeyInfo' ->
    Key;
checked_key(#{engine := _, key_id := _, algorithm := Algorithm} = Key, C) ->
    versions(key, key_versions(Algorithm), C),
    Key;
checked_key(#{sign_fun := _, algorithm := Algorithm} = Key, C) ->
    versions(key, key_versions(Algorithm), C),
    case Algorithm of
        rsa -> versions(key, sign_fun_versions(Key), C);
        _ -> ok
    end,
    Key;
checked_key(#{encrypt_fun := _, algorithm := rsa} = Key, C) ->
    versions(key, sign_fun_versions(Key), C),
    Key;
checked_key(Key, _) ->
    ssl_opt_values:fail(key, Key).

key_versions(eddsa) -> ['tlsv1.3'];
key_versions(rsa_pss_pss) -> ['tlsv1.3', 'tlsv1.2'];
key_versions(dsa) -> ['tlsv1.2', 'tlsv1.1', tlsv1];
key_versions(_) -> all.

%% RSA before TLS 1.2 signs by raw encryption, so it takes an encrypt_fun.
sign_fun_versions(#{encrypt_fun := F}) when F =/= undefined -> ['tlsv1.1', tlsv1];
sign_fun_versions(_) -> ['tlsv1.3', 'tlsv1.2'].

%% Kept as a fun, so that nothing prints it.
password(New, Pair) ->
    case given(password, New, Pair) of
        {_, undefined} when not is_map_key(password, New) -> Pair;
        {_, Password} when is_binary(Password); is_list(Password) -> Pair#{password => fun() -> Password end};
        {_, Password} when is_function(Password, 0) -> Pair#{password => Password};
        {_, Other} -> ssl_opt_values:fail(password, Other)
    end.

given(Option, New, Old) ->
    case New of
        #{Option := Value} -> {new, Value};
        #{} when is_map_key(Option, Old) -> {old, map_get(Option, Old)};
        #{} -> {default, undefined}
    end.

file(Option, Name, C) ->
    ok = ssl_opt_values:shape(file, Option, Name, C),
    ssl_opt_values:content(file, Option, Name, C).

%% A server that is to start its handshake has a certificate and a key, or suites that need none.
-spec certs_or_anonymous(context()) -> ok.
certs_or_anonymous(C) ->
    HasPair = fun(P) ->
                      (is_map_key(cert, P) orelse is_map_key(certfile, P))
                          andalso (is_map_key(key, P) orelse is_map_key(keyfile, P))
              end,
    Anonymous = lists:append([ssl_suites:list(anonymous, V) || V <- ssl_opts:get(versions, C)]),
    case lists:any(HasPair, ssl_opts:get(certs_keys, C))
        orelse lists:any(fun(Code) -> lists:member(Code, Anonymous) end, ssl_opts:get(ciphers, C)) of
        true -> ok;
        false -> ssl_opt_values:fail(certs_keys, cert_and_key_required)
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Tickets
%%--------------------------------------------------------------------------------------------------------------

usable_tickets(undefined, _, _) ->
    ok;
usable_tickets(Tickets, Mode, C) ->
    Name = ssl_opts:get(server_name_indication, C),
    _ = [ssl_opt_values:fail(ticket_for_other_SNI, {T, Name})
         || T <- Tickets, Mode =:= manual, not (is_map(T) andalso maps:find(sni, T) =:= {ok, Name})],
    case Tickets of
        [] -> ssl_opt_values:fail(use_ticket, []);
        _ -> incompatible_if(Mode =/= manual, [{use_ticket, Tickets}, {session_tickets, Mode}])
    end.

stateless(Tickets) -> Tickets =:= stateless orelse Tickets =:= stateless_with_cert.

%% Bloom filter: window in seconds, hash functions, bits; the named sizes hold so many entries at 3 % false hits.
anti_replay(undefined, _) ->
    undefined;
anti_replay(Value, Tickets) when Tickets =/= stateless, Tickets =/= stateless_with_cert ->
    ssl_opt_values:incompatible([{anti_replay, Value}, {session_tickets, Tickets}]);
anti_replay('10k', _) -> {10, 5, 72985};
anti_replay('100k', _) -> {10, 5, 729845};
anti_replay({_, _, _} = Value, _) -> Value;
anti_replay(Value, _) -> ssl_opt_values:fail(anti_replay, Value).

%%--------------------------------------------------------------------------------------------------------------
%% Algorithms
%%--------------------------------------------------------------------------------------------------------------

%% signature_algs_cert is looked at before signature_algs; nothing given, it also allows SHA-1 in certificates
%% (kept as `{default, Algs}`), otherwise nothing is added. Both need TLS 1.2 as the highest version.
signature_algs(C) ->
    [Highest | _] = [ssl_versions:tls_equivalent(V) || V <- ssl_opts:get(versions, C)],
    signature_algs(Highest, C).

signature_algs(Highest, C0) when Highest =:= 'tlsv1.3'; Highest =:= 'tlsv1.2' ->
    C1 = case ssl_opts:lookup(signature_algs_cert, C0) of
             {new, Certs} ->
                 given_algs(signature_algs_cert, Certs, 'tlsv1.3', no_supported_signature_schemes, C0);
             {old, _} -> C0;
             {default, _} -> ssl_opts:put(signature_algs_cert, undefined, C0)
         end,
    case ssl_opts:lookup(signature_algs, C1) of
        {new, Algs} ->
            C2 = given_algs(signature_algs, Algs, Highest, no_supported_algorithms, C1),
            case ssl_opts:get(signature_algs_cert, C2) of
                {default, _} -> ssl_opts:put(signature_algs_cert, undefined, C2);
                _ -> C2
            end;
        {old, _} ->
            C1;
        {default, _} ->
            Algs = ssl_algorithms:default_signature_algs(Highest),
            C2 = ssl_opts:put(signature_algs, Algs, C1),
            case ssl_opts:get(signature_algs_cert, C2) of
                undefined -> ssl_opts:put(signature_algs_cert, {default, Algs ++ [sha1_rsa(Highest)]}, C2);
                _ -> C2
            end
    end;
signature_algs(_, C) ->
    lists:foldl(fun(Option, Acc) ->
                        case ssl_opts:lookup(Option, Acc) of
                            {new, _} ->
                                ok = ssl_opts:check_shape(Option, Acc),
                                %% By number here, as stock has it.
                                Numbers = [ssl_versions:number(V) || V <- ssl_opts:get(versions, Acc)],
                                ssl_opt_values:incompatible([Option, {versions, Numbers}]);
                            {old, _} -> Acc;
                            {default, _} -> ssl_opts:put(Option, undefined, Acc)
                        end
                end, C, [signature_algs, signature_algs_cert]).

given_algs(Option, Algs, Highest, NoneReason, C) ->
    ok = ssl_opts:check_shape(Option, C),
    versions(Option, ['tlsv1.2', 'tlsv1.3'], C),
    try ssl_algorithms:supported_signature_algs(Highest, Algs) of
        [] -> ssl_opt_values:fail(NoneReason, {Option, Algs});
        Supported -> ssl_opts:put(Option, Supported, C)
    catch
        throw:badarg -> ssl_opt_values:fail(Option, Algs)
    end.

sha1_rsa('tlsv1.3') -> rsa_pkcs1_sha1;
sha1_rsa('tlsv1.2') -> {sha, rsa}.

diffie_hellman(C) ->
    case ssl_opts:lookup(dh, C) of
        {_, undefined} ->
            case ssl_opts:source(dh, C) of
                new -> ssl_opt_values:fail(dh, undefined);
                _ -> dh_file(ssl_opts:put(dh, undefined, C))
            end;
        {Source, Der} ->
            ok = case Source of new -> ssl_opts:check_shape(dh, C); old -> ok end,
            versions(dh, [tlsv1, 'tlsv1.1', 'tlsv1.2'], C),
            overrides(dh, [dhfile], C),
            ssl_opts:put(dhfile, undefined, ssl_opts:put(dh, Der, C))
    end.

dh_file(C) ->
    case ssl_opts:lookup(dhfile, C) of
        {default, _} ->
            ssl_opts:put(dhfile, undefined, C);
        {old, undefined} ->
            C;
        {Source, File} ->
            ok = case Source of new -> ssl_opts:check_shape(dhfile, C); old -> ok end,
            versions(dh_file, [tlsv1, 'tlsv1.1', 'tlsv1.2'], C),
            ssl_opts:put(dhfile, ssl_opt_values:content(file, dhfile, File, C), C)
    end.

%% Looked at only where it means something: TLS 1.3 has supported_groups.
eccs(C) ->
    Old = [V || V <- ssl_opts:tls_versions(C), V =/= 'tlsv1.3'],
    case ssl_opts:lookup(eccs, C) of
        _ when Old =:= [] ->
            ssl_opts:put(eccs, [], C);
        {old, _} ->
            C;
        {default, _} ->
            ssl_opts:put(eccs, ssl_algorithms:eccs('tlsv1.2'), C);
        {new, Curves} ->
            ok = ssl_opts:check_shape(eccs, C),
            case {lists:all(fun ssl_algorithms:curve_known/1, Curves), Curves} of
                {false, _} -> ssl_opt_values:fail(eccs, Curves);
                {true, []} -> ssl_opt_values:fail(eccs, none_valid);
                {true, _} -> ssl_opts:put(eccs, Curves, C)
            end
    end.

%% Groups with a key share in the first ClientHello: those asked for, in the order of supported_groups.
key_share_groups(undefined, C) ->
    ssl_opts:put(psk_groups, undefined, C);
key_share_groups([First | _] = Groups, C) ->
    case ssl_opts:lookup(psk_groups, C) of
        {new, Wanted} ->
            ok = ssl_opts:check_shape(psk_groups, C),
            ssl_opts:put(psk_groups, [G || G <- Groups, lists:member(G, Wanted)], C);
        {old, _} ->
            C;
        {default, _} ->
            ssl_opts:put(psk_groups, [First], C)
    end.

%%--------------------------------------------------------------------------------------------------------------
%% What does not work yet
%%--------------------------------------------------------------------------------------------------------------

%% The options are right, but this version of the library cannot do what they ask for: say so instead of
%% ignoring them. Refused are the values that the table has not as working.
-spec not_supported_yet(context()) -> ok.
not_supported_yet(C) ->
    User = ssl_opts:user(C),
    lists:foreach(fun({Name, Given}) -> works(Name, Given, ssl_opts:get(Name, C)) end,
                  lists:sort(maps:to_list(User))).

works(_, _, undefined) ->
    ok;
works(Name, Given, Value) ->
    case ssl_options_table:row(Name) of
        #{now := all} -> ok;
        #{now := none} -> refuse(Name, Given);
        #{now := Works} -> lists:member(Value, Works) orelse refuse(Name, Given);
        undefined -> ok
    end.

-spec refuse(atom(), term()) -> no_return().
refuse(Option, Value) ->
    ssl_opt_values:fail(not_supported_yet, {Option, Value}).
