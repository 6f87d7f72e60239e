"""Codes of before whose rows are those of the present code, though their fingerprints differ.

A changed fold is told to the operator of every installation, until the read model is built anew. Where
a test proves that the rows are the same (an event's attribute was renamed, a fold was rewritten), that
would be work for nothing: the fingerprint of the code of before is listed here, with the proof. Entries
stay, because installations skip releases; those of a projection go when its version is raised.
"""

from __future__ import annotations

from collections.abc import Mapping

_RENAMED_DURATION = "test_an_event_gives_the_same_rows_in_an_earlier_version_and_in_the_current_one"

_GOLDEN = "test_a_golden_event_gives_the_rows_that_it_always_gave"
_FOUND_BY_CONVERSATION = "test_messages_found_by_conversation_are_those_a_search_of_all_finds"

SAME_ROWS: Mapping[str, Mapping[str, str]] = {
    "daily_counts": {
        "v2:c8ff846dbd572ececc55b246913fb8a9d776b0e1ab72090abff6679f040e572c": _GOLDEN,
        "v2:b4bf1b9b02438890e74ce4e826a1cd7fbe6379a7a45688ac3b1708f6563616d5": _GOLDEN,
        "v2:6253b2130669be1aa8bedda6efcf976cbcf9e30af6873047b80cee9459f11210": _GOLDEN,
    },
    "company_activity": {
        "v2:b59b2d34cece2dc99164919f12fefe759e2d55b0717839ca39a52d80d281e12b": _GOLDEN,
        "v2:236407d7495857d50ad19c8ec93912b8618665dc3e44082b6b51a7221adc81ac": _GOLDEN,
        "v2:9f444a0d819b3a320170cb3fb820c11397e78ed881e8155fad65954d86e21d97": _GOLDEN,
    },
    "openai_usage": {
        "v2:7d60480fefdf43cf23d5dba4bae188f2cd9e0f0c5c4eb5b93bf80744da3a0d01": _GOLDEN,
        "v2:2424b9abd3785dd569694b12269fa7660690d12d4a23a0c4f1336ef5b3ab258f": _GOLDEN,
    },
    "followups": {
        "v2:028d2d60b694e10a76751d7688519795d9c02ea4f563cb770820039d14c05d02": _GOLDEN,
        "v2:e0fe8c4f562bb015aa871063b6cdaf0f32617aee5b9b7302289b67d0d6560920": _GOLDEN,
    },
    "handoffs": {
        "v2:f03b16c2b24b8e2de70a5b25850a41ddd5e9504dcd18eef1fcf871f755fcb1b6": _GOLDEN,
        "v2:e66ee18b4385f621292d69c1319f88a801b6f03d176b9caed3bc1dd8f8d7818e": _GOLDEN,
    },
    "leads": {
        "v2:a1f7231275ae6017f016e8104dd215dffcfa17e42379e2a76ea23caeaa0fbb51": _GOLDEN,
        "v2:64a6b526337cdced8578e0fabcf4115b12919d5a078a2cd2f4541e5bcaa983d3": _GOLDEN,
        "v2:4c39d02be6806a535ce68830d3eed19aca68b8368917a91718240d74814db236": _GOLDEN,
        "v2:f583ef52323e248cfc0266054a64e15cf59168252be29a10d40e2f2579079fb2": _GOLDEN,
    },
    "conversations": {
        "v2:346f0e0a490ba6bfed9e9c5139af172fa9efa27dba004771f32ec44258b92143": _GOLDEN,
        "v2:1c9a0132fe0631c2f33dc091bbc849b266c82d12290849cf1c486be95147b06c": _GOLDEN,
        "v2:ef153a7073a559b9f23222892c7c66cd026516d9c0b0bcab798093608f78d68a": _GOLDEN,
        "v2:cddebf866e239193906f01632dabc7090f5bdd4a5ee305279fa1ee4c5901bec2": _GOLDEN,
        "v2:5f2b36579cb20a97e579cf2add2afe49f2b4d2fe066fd8c3b81befbf1761dc80": _GOLDEN,
    },
    "channel_reports": {
        "v2:b4043547dfe0957978974d9c789726893597662b4893e770415abc7d8a127107": _GOLDEN,
        "v2:efc50b01533d8e73e64be838a69d7c0d2e49eacbf1058a2a0f89816cf9e47e67": _GOLDEN,
        "v2:19e8510ada3f82a6b2266cc417218e5fb99242d7ac294902e099312c8a96332f": _GOLDEN,
    },
    "inbox": {
        "v2:894de355bfb1266ea9df2d4176f23bea4b742f4388e26864a61a6787f40e704f": _GOLDEN,
        "v2:765de1e4be8220115fecfc49ef03b02de3257962b8e2491fac6d6ce1d61cce77": _GOLDEN,
        "v2:f1a6c0d0770269c0ed4f542c0e777b858f7414d7e756e5e31f7435ede6affe40": _GOLDEN,
    },
    "conversation_control": {
        "v2:79fb7ddc428105af341bdfb89bddfe7bff130e101f2b60bef87b800156407ece": _GOLDEN,
        "v2:0c0b2745a511f02f44eb54d35fd77f5231db91a34e7617c55c71253a656c5358": _GOLDEN,
        "v2:becdc2d78d0ab1685a33a8ada2437b3b9e270cac82c373ba01137c2378f3705e": _GOLDEN,
        "v2:ec2c2fbc2d3c5ec7c4ef9b35a2b7a54e6319180e7bee1e70d51b4fda0a09cb85": _GOLDEN,
    },
    "messages": {
        "v2:dc29334779599733310c5dd91df010f0c637fdf5e5c9a7a61bf915fea85212e3": _GOLDEN,
        "v2:6e17c0c0aa6004c422b7416766b3ee494bcbc4857b68e58308d1700d7f5f1d7d": _GOLDEN,
        "v2:e39821284e71cd36cad37a3f1de45541ecda90e0204c0c957ff691f1ad6a364a": (
            _FOUND_BY_CONVERSATION
        ),
        "v2:8201464160f05d021d963ef63d556b0e3a0ca32a085c529f6beeda97e4247ea4": _GOLDEN,
        "v2:5200d9e48dcec5c03568f4dedc5ac09833dcae911fc297157cddc958029312de": _GOLDEN,
        "v2:a10c4ddcf6e9c30e3a608a49f5e0a06adb2902804f965209e326274d460b0288": _GOLDEN,
    },
    "rag_queries": {
        "v2:5cf723431d376a9ca0941474cfb48fd0a661a3e4b3f2b33e17d941debcd189fd": _GOLDEN,
        "f6b76b4fad6e6601aac18e82771e9920fae8349ad7729f5ee2a332644b070101": _RENAMED_DURATION,
        "v2:412c1ddf0ab1e46b7bda247e6f12c6f4ab004a7c33c4ef175518dffb5972c4c9": _GOLDEN,
    },
}
"""Projection → fingerprint of the code of before → the test that holds its rows to be the same."""
