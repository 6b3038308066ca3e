%% Answers what the core asks of the world: is this chain good, which options apply to this name, sign this, verify
%% this, make a key in this group.
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
-define(INTERNAL_ERROR, 80).
-define(UNRECOGNIZED_NAME, 112).

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
    Valid = case ssl_algorithms:scheme_name(Scheme) of
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
               end).

%% What explains the last `{abort, _}`: a term, or undefined.
-spec details(ssl_material:context()) -> term().
details(#{details := Details}) -> Details.

%% The options that came by the client's server name; undefined: those of the listener still hold.
-spec options(ssl_material:context()) -> ssl_opts:optmap() | undefined.
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
    try ssl_keys:sign(Key, ssl_algorithms:scheme_name(Scheme), Message) of
        {ok, Signature} -> {{bytes, Signature}, Context};
        error -> abort(?HANDSHAKE_FAILURE, ssl_keys:label(Key), Context)
    catch
        %% What the fun raised may hold the key: it is not told.
        _:_ -> abort(?HANDSHAKE_FAILURE, ssl_keys:label(Key), Context)
    end.

with_group(Group, Context, Fun) ->
    case ssl_algorithms:group_name(Group) of
        undefined -> abort(?INTERNAL_ERROR, unknown_group, Context);
        Name -> Fun(Name)
    end.
