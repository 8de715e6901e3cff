"""Webhooks, which administrators register."""

import uuid
from collections.abc import Mapping

from tests.peers.linear.answers import LinearAnswers
from tests.peers.linear.workspace import Json, Webhook, forbidden, not_found


class LinearWebhooks(LinearAnswers):
    def _must_be_admin(self) -> None:
        if not self.is_admin:
            raise forbidden("Only workspace administrators may see or make webhooks.")

    def _hooks(self) -> list[Json]:
        self._must_be_admin()
        return [self._hook(hook) for hook in self.webhooks]

    def _hook(self, hook: Webhook) -> Json:
        team = hook.team and self._team(self._visible_team(hook.team))
        return {"id": hook.id, "url": hook.url, "enabled": hook.enabled, "allPublicTeams": hook.all_teams, "team": team}

    def _create_hook(self, words: Mapping[str, object]) -> Json:
        self._must_be_admin()
        made = Webhook(
            id=str(uuid.uuid4()),
            url=str(words["url"]),
            secret=str(words.get("secret") or uuid.uuid4()),
            types=self._list(words["resourceTypes"]),
            team=words.get("teamId") and self._visible_team(words["teamId"]).id,  # type: ignore[arg-type]
            all_teams=bool(words.get("allPublicTeams")),
        )
        self.webhooks.append(made)
        return {"success": True, "lastSyncId": 1.0, "webhook": self._hook(made)}

    def _update_hook(self, hook_id: str, words: Mapping[str, object]) -> Json:
        self._must_be_admin()
        for hook in self.webhooks:
            if hook.id == hook_id:
                hook.url = str(words.get("url") or hook.url)
                hook.secret = str(words.get("secret") or hook.secret)
                hook.types = self._list(words.get("resourceTypes")) or hook.types
                hook.enabled = bool(words.get("enabled", hook.enabled))
                return {"success": True, "lastSyncId": 1.0, "webhook": self._hook(hook)}
        raise not_found("Webhook")

    def _delete_hook(self, hook_id: str) -> Json:
        self._must_be_admin()
        if hook_id not in {hook.id for hook in self.webhooks}:
            raise not_found("Webhook")
        self.webhooks = [hook for hook in self.webhooks if hook.id != hook_id]
        return {"success": True, "lastSyncId": 1.0, "entityId": hook_id}
