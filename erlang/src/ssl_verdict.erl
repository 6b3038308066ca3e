%% Answers what the core asks of the world: is this chain good, which options apply to this name, sign this, verify
%% this, make a key in this group; before TLS 1.3 also: which session is this, what is this user's secret, decrypt this.
%%
%% Pure but for the user's funs: the connection process keeps the context. An answer `{abort, Alert}` leaves in the
%% context what explains it (details/1), for the text of the alert.
-module(ssl_verdict).
-if(?OTP_RELEASE >= 27).
-moduledoc false.
-endif.

-export([answer/2, details/1, options/1]).

-define(HANDSHAKE_FAILURE, 40).
-define(ILLEGAL_PARAMETER, 47).
-define(INSUFFICIENT_SECURITY, 71).
-define(INTERNAL_ERROR, 80).
-define(UNRECOGNIZED_NAME, 112).

%% Smaller primes are refused without looking, as OTP does.
-define(MIN_SRP_BYTES, 256).

%% The answer to a query.
-spec answer(ssl_native:query(), ssl_material:context()) -> {ssl_native:answer(), ssl_material:context()}.
answer({peer_certificate, Chain, _Ocsp}, Context) ->
    peer_certificate(Chain, Context#{details := undefined});
answer({client_hello, #{server_name := Name}}, Context) ->
    client_hello(Name, Context#{details := undefined});
answer({server_hello, _}, Context) ->
    {continue, Context};
answer({sign, KeyId, Scheme, Message}, Context) ->
    sign(KeyId, Scheme, Message, Context);
answer({verify_signature, Scheme, Cert, Message, Signature}, Context) ->
    Valid = case scheme(Scheme) of
                undefined -> false;
                Name -> ssl_keys:verify(Name, Cert, Message, Signature)
            end,
    {{verified, Valid}, Context};
answer({kx_generate, Group}, #{exchange := Exchange} = Context) ->
    with_group(Group, Context,
               fun(Name) ->
                       {Share, Private} = ssl_kx:generate(Name),
                       {{bytes, Share}, Context#{exchange := Exchange#{Name => Private}}}
               end);
answer({kx_agree, Group, Share}, #{exchange := Exchange} = Context) ->
    %% Used once: the private keys of all groups go.
    Done = Context#{exchange := #{}},
    with_group(Group, Done,
               fun(Name) ->
                       case Exchange of
                           #{Name := Private} ->
                               case ssl_kx:agree(Name, Private, Share) of
                                   {ok, Secret} -> {{secret, Secret}, Done};
                                   error -> abort(?ILLEGAL_PARAMETER, bad_key_share, Done)
                               end;
                           #{} ->
                               abort(?INTERNAL_ERROR, no_key_share, Done)
                       end
               end);
answer({kx_respond, Group, Share}, Context) ->
    with_group(Group, Context,
               fun(Name) ->
                       case ssl_kx:respond(Name, Share) of
                           {ok, Public, Secret} -> {{kx_response, Public, Secret}, Context};
                           error -> abort(?ILLEGAL_PARAMETER, bad_key_share, Context)
                       end
               end);
answer({session_lookup, Id, Name}, #{sessions := Policy} = Context) ->
    {ssl_sessions:resume(Policy, Id, Name), Context};
answer({psk_lookup, Identity}, Context) ->
    psk(Identity, Context);
answer({srp_client, User, Prime, Generator, Salt, Public}, Context) ->
    srp_client({Prime, Generator, Salt, Public}, User, Context);
answer({srp_server, User}, Context) ->
    srp_server(User, Context);
answer({srp_agree, Public}, #{exchange := Exchange} = Context) ->
    Done = Context#{exchange := #{}},
    case Exchange of
        #{srp := Host} ->
            case ssl_srp:agree(Host, Public) of
                {ok, Secret} -> {{secret, Secret}, Done};
                error -> abort(?ILLEGAL_PARAMETER, bad_srp_public, Done)
            end;
        #{} ->
            abort(?INTERNAL_ERROR, no_srp_key, Done)
    end;
answer({dh_generate, Prime, Generator}, #{exchange := Exchange} = Context) ->
    case ssl_kx:dh_generate(Prime, Generator) of
        {ok, Public, Private} -> {{bytes, Public}, Context#{exchange := Exchange#{dh => Private}}};
        error -> abort(?ILLEGAL_PARAMETER, bad_dh_parameters, Context)
    end;
answer({dh_agree, Prime, Generator, Public}, #{exchange := Exchange} = Context) ->
    Done = Context#{exchange := #{}},
    case Exchange of
        #{dh := Private} ->
            case ssl_kx:dh_agree(Prime, Generator, Private, Public) of
                {ok, Secret} -> {{secret, Secret}, Done};
                error -> abort(?ILLEGAL_PARAMETER, bad_dh_public, Done)
            end;
        #{} ->
            abort(?INTERNAL_ERROR, no_dh_key, Done)
    end;
answer({rsa_decrypt, KeyId, Ciphertext}, #{keys := Keys} = Context) ->
    {{bytes, ssl_keys:decrypt(lists:nth(KeyId + 1, Keys), Ciphertext)}, Context};
answer({ecdh_static, KeyId, _, Share}, #{keys := Keys} = Context) ->
    case ssl_keys:agree(lists:nth(KeyId + 1, Keys), Share) of
        {ok, Secret} -> {{secret, Secret}, Context};
        error -> abort(?ILLEGAL_PARAMETER, bad_key_share, Context)
    end.

%% What explains the last `{abort, _}`: a term, or undefined.
-spec details(ssl_material:context()) -> term().
details(#{details := Details}) -> Details.

%% The options that came by the client's server name; undefined: those of the listener still hold.
-spec options(ssl_material:context()) -> ssl_opts:parsed() | undefined.
options(Context) -> maps:get(options, Context, undefined).

abort(Alert, Details, Context) ->
    {{abort, Alert}, Context#{details := Details}}.

peer_certificate(_, #{verify := verify_none, settings := #{verify_fun := undefined}} = Context) ->
    {continue, Context};
peer_certificate(Chain, #{trust := Trust, settings := Settings} = Context) ->
    case ssl_peer_check:check(Chain, Trust, Settings) of
        ok -> {continue, Context};
        {error, Alert, Details} -> abort(Alert, Details, Context)
    end.

client_hello(undefined, Context) ->
    {continue, Context};
client_hello(<<>>, Context) ->
    abort(?UNRECOGNIZED_NAME, empty_sni, Context);
client_hello(Name, Context) ->
    Host = binary_to_list(Name),
    %% RFC 6066 section 3: without a trailing dot.
    case binary:last(Name) of
        $. -> abort(?UNRECOGNIZED_NAME, {sni_included_trailing_dot, Host}, Context);
        _ ->
            case ssl_material:server_config_for_sni(Host, Context) of
                original -> {continue, Context};
                {ok, Config, New} -> {{use_config, Config}, New};
                unrecognized -> abort(?UNRECOGNIZED_NAME, {sni, Host}, Context);
                {error, Details} -> abort(?HANDSHAKE_FAILURE, Details, Context)
            end
    end.

sign(KeyId, Scheme, Message, #{keys := Keys} = Context) ->
    Key = lists:nth(KeyId + 1, Keys),
    try ssl_keys:sign(Key, scheme(Scheme), Message) of
        {ok, Signature} -> {{bytes, Signature}, Context};
        error -> abort(?HANDSHAKE_FAILURE, ssl_keys:label(Key), Context)
    catch
        %% What the fun raised may hold the key: it is not told.
        _:_ -> abort(?HANDSHAKE_FAILURE, ssl_keys:label(Key), Context)
    end.

%% Signature schemes as keys take them. What both TLS 1.2 and 1.3 have is a pair: the core has checked the curve, where it
%% is bound to the scheme, before it asks. Before TLS 1.2 RSA signs MD5 with SHA-1.
scheme(16#ff01) -> {md5sha, rsa};
scheme(Scheme) when Scheme < 16#0700 -> ssl_algorithms:pair(Scheme);
scheme(Scheme) -> ssl_algorithms:scheme_name(Scheme).

%% The secret of an identity; a client is asked with the server's hint, `undefined` if it sent none.
psk(Identity, #{users := #{lookup := {Fun, State}}} = Context) ->
    try Fun(psk, Identity, State) of
        {ok, Secret} when is_binary(Secret) -> {{secret, Secret}, Context};
        _ -> {unknown, Context}
    catch
        Class:Reason:Stack -> lookup_crashed(Class, Reason, Stack, Context)
    end;
psk(_, Context) ->
    {unknown, Context}.

srp_client({Prime, _, _, _}, _, Context) when byte_size(Prime) < ?MIN_SRP_BYTES ->
    abort(?INSUFFICIENT_SECURITY, dh_prime_too_short, Context);
srp_client(Params, User, #{users := #{srp := {User, Password}}} = Context) ->
    case ssl_srp:client(Params, User, Password) of
        {ok, Public, Secret} -> {{kx_response, Public, Secret}, Context};
        {error, Reason} -> abort(?ILLEGAL_PARAMETER, Reason, Context)
    end.

srp_server(User, #{users := #{lookup := {Fun, State}}, exchange := Exchange} = Context) ->
    try Fun(srp, User, State) of
        {ok, {Group, Salt, Derived}} when is_atom(Group), is_binary(Salt), is_binary(Derived) ->
            case ssl_srp:server(Group, Salt, Derived) of
                {ok, {Prime, Generator, _, Public}, Host} ->
                    {{srp_params, Prime, Generator, Salt, Public}, Context#{exchange := Exchange#{srp => Host}}};
                error ->
                    {unknown, Context}
            end;
        _ ->
            {unknown, Context}
    catch
        Class:Reason:Stack -> lookup_crashed(Class, Reason, Stack, Context)
    end;
srp_server(_, Context) ->
    {unknown, Context}.

%% What the fun raised may hold secrets: it is not told.
lookup_crashed(Class, _, Stack, Context) ->
    logger:error("user_lookup_fun crashed ~p~n ~p~n", [Class, ssl_fault:stack(Stack)], #{domain => [otp, ssl]}),
    abort(?ILLEGAL_PARAMETER, user_lookup_fun_crashed, Context).

with_group(Group, Context, Fun) ->
    case ssl_algorithms:group_name(Group) of
        undefined ->
            case ssl_algorithms:curve_name(Group) of
                undefined -> abort(?INTERNAL_ERROR, unknown_group, Context);
                Curve -> Fun(Curve)
            end;
        Name ->
            Fun(Name)
    end.
