/** Where a reader changes what a listener complains about: the setting, its source, flag and variable. */
import type { ExplainSetting, ListenerOptionKey, SettingHint } from '../listener/index.ts';
import { flagOf } from './flags.ts';
import type { LoadedConfig } from './load-config.ts';
import { originText } from './origin.ts';
import { settingAt } from './settings.ts';

/** For `renderListenError`. Undefined for a listener that the configuration does not know. */
export function explainListener(loaded: LoadedConfig): ExplainSetting {
  return (listenerName, option) => {
    const setting = settingOf(loaded, listenerName, option);
    if (setting === undefined) return undefined;
    const origin = loaded.origins.get(setting);
    const flag = flagOf(setting);
    const hint: SettingHint = {
      setting,
      source: origin === undefined || origin.source === 'default' ? undefined : originText(origin),
      command: flag === undefined ? undefined : `linnet start ${flag.name}`,
      variable: settingAt(setting)?.meta.variable,
    };
    return hint;
  };
}

/** A listener of the map may take its certificate from `tls:`; then that is the place to change. */
function settingOf(
  loaded: LoadedConfig,
  listenerName: string,
  option: ListenerOptionKey,
): string | undefined {
  const listener = loaded.config.listeners.find(({ name }) => name === listenerName);
  if (listener === undefined || option === 'bind') return listener?.addressSetting;
  const own = `listeners.${listenerName}.${option}`;
  const isOwn =
    loaded.origins.has(own) && loaded.origins.get(own) !== loaded.origins.get(`tls.${option}`);
  return isOwn ? own : `tls.${option}`;
}
