%% What a single option may be: the checks and conversions that the rows of `ssl_options_table` name.
%%
%% Two steps, because the check of versions stands between them: `shape/4` looks at the kind of value,
%% `content/4` at what is in it, and gives the value that is kept. Errors are thrown as `{error, Reason}`.
-module(ssl_opt_values).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([shape/4, content/4, default/3, fail/2, incompatible/1]).
-export([ciphers/2, supported_versions/2, absolute_path/1]).

-type context() :: ssl_opts:context().

%% `{error, {options, {Option, Value}}}`.
-spec fail(term(), term()) -> no_return().
fail(Option, Value) ->
    throw({error, {options, {Option, Value}}}).

%% Options that exclude each other, or the versions or the protocol in use.
-spec incompatible([term()]) -> no_return().
incompatible(Options) ->
    throw({error, {options, incompatible, Options}}).

require(true, _, _) -> ok;
require(false, Option, Value) -> fail(Option, Value).

%%--------------------------------------------------------------------------------------------------------------
%% Shape
%%--------------------------------------------------------------------------------------------------------------

-spec shape(ssl_options_table:type(), atom(), term(), context()) -> ok.
shape({role, Client, Server}, Option, Value, C) ->
    shape(ssl_opts:by_role(C, Client, Server), Option, Value, C);
shape({value, Kind}, Option, Value, _) ->
    require(not is_list(Value) orelse is_proper(Value), Option, Value),
    value_shape(Kind, Option, Value);
shape(Type, Option, Value, _) ->
    require(is_type(Type, Value), Option, Value).

is_type(term, _) -> true;
is_type(boolean, V) -> is_boolean(V);
is_type(list, V) -> is_list(V) andalso is_proper(V);
is_type(binary, V) -> is_binary(V);
is_type(map, V) -> is_map(V);
is_type(file, V) -> (is_binary(V) andalso V =/= <<>>) orelse (is_list(V) andalso V =/= [] andalso is_text(V));
is_type({one_of, Values}, V) -> lists:member(V, Values);
is_type({int, _, infinity}, infinity) -> true;
is_type({int, Min, Max}, V) -> is_integer(V) andalso Min =< V andalso (Max =:= infinity orelse V =< Max);
is_type({function, Arity}, V) -> is_function(V, Arity).

is_proper(List) ->
    try length(List) of _ -> true
    catch error:badarg -> false
    end.

%% Can it be turned into bytes?
is_text(Chars) ->
    try is_binary(unicode:characters_to_binary(Chars))
    catch error:badarg -> false
    end.

value_shape(verify_fun, _, {F, _}) when is_function(F, 3); is_function(F, 4) -> ok;
value_shape(verify_fun, _, F) when is_function(F, 1); F =:= undefined -> ok;
value_shape(keep_secrets, _, V) when is_boolean(V) -> ok;
value_shape(keep_secrets, _, {Kind, F}) when (Kind =:= keylog orelse Kind =:= keylog_hs), is_function(F) -> ok;
value_shape(stapling, _, V) when V =:= staple; V =:= no_staple; is_map(V) -> ok;
value_shape(server_name_indication, Option, [_ | _] = V) -> require(is_text(V), Option, V);
value_shape(server_name_indication, _, disable) -> ok;
value_shape(crl_cache, _, {Module, {_, Args}}) when is_atom(Module), is_list(Args) -> ok;
value_shape(dh, _, V) when is_binary(V) -> ok;
value_shape(secure_renegotiate, _, true) -> ok;
value_shape(secure_renegotiate, Option, false) ->
    fail(Option, {false, fallback_to_insecure_renegotiation_no_longer_supported});
value_shape(reuse_session, _, V) when is_binary(V) -> ok;
value_shape(reuse_session, _, {Id, Data}) when is_binary(Id), is_binary(Data) -> ok;
value_shape(psk_identity, Option, V) when is_list(V) -> require(is_text(V), Option, V);
value_shape(srp_identity, Option, {User, Password} = V) when is_list(User), is_list(Password) ->
    require(is_text(User) andalso is_text(Password), Option, V);
value_shape(user_lookup_fun, _, {F, _}) when is_function(F, 3) -> ok;
value_shape(use_srtp, _, V) when is_map(V) -> ok;
value_shape(sni_hosts, Option, V) when is_list(V) -> each_sni_host(Option, V);
value_shape(supported_groups, _, V) when is_list(V) -> ok;
value_shape(protocols, Option, V) when is_list(V) -> protocol_names(Option, V);
value_shape(versions, _, V) when is_list(V) -> ok;
value_shape(renegotiate_at, _, V) when V =:= infinity; is_integer(V), V > 0 -> ok;
value_shape(Kind, _, _) when Kind =:= next_protocols; Kind =:= cert_policy_opts; Kind =:= anti_replay -> ok;
value_shape(_, Option, Value) -> fail(Option, Value).

%% Options by host may not hold others in turn.
each_sni_host(Option, Hosts) ->
    lists:foreach(fun({[_ | _], Options}) when is_list(Options) ->
                          case proplists:get_value(sni_hosts, Options) of
                              undefined -> ok;
                              Nested -> fail(Option, Nested)
                          end;
                     (Other) ->
                          fail(Option, Other)
                  end, Hosts).

%% RFC 7301 section 3.1: 1 to 255 bytes.
protocol_names(Option, Names) ->
    lists:foreach(fun(Name) when is_binary(Name), byte_size(Name) > 0, byte_size(Name) < 256 -> ok;
                     (Name) -> fail(Option, {invalid_protocol, Name})
                  end, Names).

%%--------------------------------------------------------------------------------------------------------------
%% Content
%%--------------------------------------------------------------------------------------------------------------

-spec content(ssl_options_table:type(), atom(), term(), context()) -> term().
content({role, Client, Server}, Option, Value, C) ->
    content(ssl_opts:by_role(C, Client, Server), Option, Value, C);
content(file, _, Value, _) ->
    file_name(Value);
content({value, Kind}, Option, Value, C) ->
    value(Kind, Option, Value, C);
content(_, _, Value, _) ->
    Value.

value(versions, _, Versions, C) ->
    supported_versions(Versions, ssl_opts:get(protocol, C));
value(verify_fun, _, F, _) when is_function(F, 1) ->
    {old_verify_fun(), F};
value(renegotiate_at, _, Limit, _) ->
    min(Limit, 268435456);                          % infinity is an atom: greater than every number
value(supported_groups, Option, Groups, _) ->
    groups(Option, Groups);
value(crl_cache, _, {Module, {Handle, Args}}, _) ->
    {Module, {Handle, Args}};
value(stapling, _, Value, _) ->
    case Value of
        no_staple -> no_staple;
        staple -> #{ocsp_nonce => false};
        #{} -> #{ocsp_nonce => maps:get(ocsp_nonce, Value, false)}
    end;
value(cert_policy_opts, Option, Value, _) ->
    policies(Option, Value),
    Value;
value(next_protocols, Option, Value, _) ->
    next_protocols(Option, Value);
value(psk_identity, Option, Value, _) ->
    Identity = unicode:characters_to_binary(Value),
    require(is_binary(Identity) andalso byte_size(Identity) < 16#10000, Option, {Option, Value}),
    Identity;
value(srp_identity, Option, {User0, Password}, C) ->
    User = unicode:characters_to_binary(User0),
    require(is_binary(User) andalso User =/= <<>> andalso byte_size(User) < 16#10000,
            Option, {Option, ssl_opts:get(psk_identity, C)}),
    {User, unicode:characters_to_binary(Password)};
value(use_srtp, Option, Value, C) ->
    case ssl_opts:get(protocol, C) of
        dtls -> srtp(Option, Value);
        Protocol -> incompatible([Option, {protocol, Protocol}])
    end;
value(_, _, Value, _) ->
    Value.

%% Before arity 3 there was a verify fun that was asked once, with the reason in a list.
old_verify_fun() ->
    fun(_Cert, {bad_cert, _} = Reason, Fun) ->
            case Fun([Reason]) of
                true -> {valid, Fun};
                false -> {fail, Reason}
            end;
       (_Cert, {extension, _}, Fun) -> {unknown, Fun};
       (_Cert, valid, Fun) -> {valid, Fun};
       (_Cert, valid_peer, Fun) -> {valid, Fun}
    end.

groups(Option, Names) ->
    case ssl_algorithms:supported_groups(Names) of
        [] -> fail(Option, none_valid);
        Groups -> Groups
    end.

policies(_, []) ->
    ok;
policies(Option, [{policy_set, Oids} | Rest]) when is_list(Oids) ->
    policies(Option, Rest);
policies(Option, [{Name, Value} = Policy | Rest])
  when Name =:= explicit_policy; Name =:= inhibit_policy_mapping; Name =:= inhibit_any_policy ->
    require(is_boolean(Value), Option, Policy),
    policies(Option, Rest);
policies(Option, [Other | _]) ->
    fail(Option, Other);
policies(Option, Other) ->                                          % not a list
    fail(Option, Other).

%% {Precedence, Protocols, Default}.
next_protocols(_, undefined) ->
    undefined;
next_protocols(Option, {_, Protocols} = Value) when not is_list(Protocols) ->
    fail(Option, Value);
next_protocols(Option, Value) when is_tuple(Value), tuple_size(Value) > 1, is_list(element(2, Value)) ->
    require(is_proper(element(2, Value)), Option, Value),
    selection(Option, Value);
next_protocols(Option, Value) ->
    selection(Option, Value).

selection(Option, {Precedence, Protocols}) ->
    selection(Option, {Precedence, Protocols, <<>>});
selection(Option, {Precedence, Protocols, Default} = Value) ->
    require(is_list(Protocols) andalso is_binary(Default) andalso byte_size(Default) < 256, Option, Value),
    protocol_names(Option, Protocols),
    require(Precedence =:= client orelse Precedence =:= server, Option, {invalid_precedence, Precedence}),
    Value;
selection(Option, Value) ->
    fail(Option, Value).

%% RFC 5764 section 4.1.1.
srtp(Option, #{protection_profiles := [_ | _] = Profiles} = Value) ->
    require(is_proper(Profiles), Option, {invalid_protection_profiles, Profiles}),
    case maps:keys(Value) -- [protection_profiles, mki] of
        [] -> ok;
        Unknown -> fail(Option, {unknown_parameters, Unknown})
    end,
    require(lists:all(fun(P) -> is_binary(P) andalso byte_size(P) =:= 2 end, Profiles),
            Option, {invalid_protection_profiles, Profiles}),
    Mki = maps:get(mki, Value, <<>>),
    require(is_binary(Mki), Option, {invalid_mki, Mki}),
    Value#{mki => Mki};
srtp(Option, Value) ->
    fail(Option, {no_protection_profiles, Value}).

%% A file name as bytes, as the file system has it.
file_name(Name) when is_binary(Name) -> Name;
file_name(Name) -> unicode:characters_to_binary(Name, unicode, file:native_name_encoding()).

%% Where a file is, wherever the node's working directory is later. That asks the file server, so only for names that need it.
-spec absolute_path(binary()) -> binary().
absolute_path(Name) ->
    case filename:pathtype(Name) of
        absolute -> Name;
        _ -> file_name(filename:absname(Name))
    end.

%%--------------------------------------------------------------------------------------------------------------
%% Versions and cipher suites
%%--------------------------------------------------------------------------------------------------------------

%% An explicit list of versions, best first.
-spec supported_versions([term()], tls | dtls) -> [ssl_versions:version()].
supported_versions(Versions, Protocol) ->
    Names = case Protocol of
                tls -> ['tlsv1.3', 'tlsv1.2', 'tlsv1.1', tlsv1];
                dtls -> ['dtlsv1.2', dtlsv1]
            end,
    Check = fun(Version) ->
                    case lists:member(Version, Names) of
                        true ->
                            require(ssl_versions:usable(Version), insufficient_crypto_support,
                                    {Version, {versions, Versions}});
                        false ->
                            fail(Version, {versions, Versions})
                    end
            end,
    lists:foreach(Check, Versions),
    %% TLS 1.3 with an older version but without 1.2 between them: the downgrade sentinel of RFC 8446 section
    %% 4.1.3 would break connections.
    case lists:member('tlsv1.3', Versions) andalso length(Versions) >= 2
        andalso not lists:member('tlsv1.2', Versions) of
        true -> throw({error, {options, missing_version, {'tlsv1.2', {versions, Versions}}}});
        false -> ok
    end,
    require(Versions =/= [], versions, Versions),
    ssl_versions:sort(Versions).

%% Codes of the suites that the option names and that exist in the versions. Nothing left means the default.
-spec ciphers([term()], [ssl_versions:version()]) -> [ssl_suites:code()].
ciphers([], Versions) ->
    default_ciphers(Versions);
ciphers(Value, Versions) ->
    Named = try suite_codes(Value)
            catch _:_ -> fail(ciphers, Value)
            end,
    Known = known_suites(Versions),
    case [C || C <- Named, lists:member(C, Known)] of
        [] -> default_ciphers(Versions);
        Codes -> Codes
    end.

default_ciphers(['tlsv1.3']) -> supported_list(exclusive, 'tlsv1.3');
default_ciphers([Highest | _]) -> supported_list(default, Highest).

supported_list(Description, Version) ->
    ssl_algorithms:remembered({suites, Description, Version},
                              fun() -> ssl_suites:filter(ssl_suites:list(Description, Version)) end).

known_suites(['tlsv1.3']) ->
    ssl_suites:list(exclusive, 'tlsv1.3');
known_suites(['tlsv1.3', Next | _]) ->
    ssl_suites:list(exclusive, 'tlsv1.3') ++ known_suites([Next]);
known_suites([Highest | _]) ->
    ssl_suites:list(all, Highest) ++ ssl_suites:list(anonymous, Highest).

%% The first element decides what kind of list it is.
suite_codes([First | _] = Suites) when is_map(First); is_tuple(First); is_list(First) ->
    [suite_code(S) || S <- Suites];
suite_codes([<<_, _/binary>> | _] = Suites) ->
    [binary:decode_unsigned(S) || S <- Suites, is_binary(S)];
suite_codes(Text) ->
    [suite_code(Name) || Name <- string:lexemes(Text, ":")].

suite_code(#{} = Suite) ->
    Code = ssl_suites:from_map(Suite),
    true = is_integer(Code),
    Code;
suite_code({Kex, Cipher, Mac}) ->
    suite_code(#{key_exchange => Kex, cipher => Cipher, mac => Mac, prf => default_prf});
suite_code({Kex, Cipher, _, Prf}) when Cipher =:= aes_128_gcm; Cipher =:= aes_256_gcm; Cipher =:= chacha20_poly1305 ->
    suite_code(#{key_exchange => Kex, cipher => Cipher, mac => aead, prf => Prf});
suite_code({Kex, Cipher, Mac, Prf}) ->
    suite_code(#{key_exchange => Kex, cipher => Cipher, mac => Mac, prf => Prf});
suite_code(Name) when is_list(Name) ->
    {ok, Suite} = ssl_suites:from_name(Name),
    suite_code(Suite).

%%--------------------------------------------------------------------------------------------------------------
%% Computed defaults
%%--------------------------------------------------------------------------------------------------------------

-spec default(term(), atom(), context()) -> term().
default({role, Client, Server}, Option, C) ->
    default(ssl_opts:by_role(C, Client, Server), Option, C);
default({by, Name}, _, C) ->
    computed(Name, C);
default(Value, _, _) ->
    Value.

computed(log_level, _) ->
    %% By that module's name, as programs know it from stock.
    case logger:get_module_level(ssl_config) of
        [{ssl_config, Level}] -> Level;
        [] -> notice
    end;
computed(versions, C) ->
    ssl_versions:sort(ssl_versions:default(ssl_opts:get(protocol, C)));
computed(fail_if_no_peer_cert, C) ->
    ssl_opts:by_role(C, false, true) andalso ssl_opts:get(verify, C) =:= verify_peer;
computed(server_name_indication, C) ->
    case ssl_opts:host(C) of
        %% RFC 6066 section 3: without the trailing dot.
        Host when is_list(Host) ->
            case is_text(Host) of
                true -> string:trim(Host, trailing, ".");
                false -> undefined
            end;
        _ ->
            undefined
    end;
computed(ciphers, C) ->
    default_ciphers(ssl_opts:get(versions, C));
computed(supported_groups, C) ->
    case lists:member('tlsv1.3', ssl_opts:get(versions, C)) of
        true -> ssl_algorithms:groups(default);
        false -> undefined
    end;
computed(beast_mitigation, C) ->
    case lists:last(ssl_opts:get(versions, C)) of
        tlsv1 -> one_n_minus_one;
        _ -> disabled
    end;
computed(reuse_sessions, C) ->
    %% Without extended master secret (RFC 7627) a session must not outlive the verification of its client.
    case ssl_opts:get(verify, C) of
        verify_none -> true;
        verify_peer -> extended
    end.
