import type { Catalogue } from './entry.ts';

export const ko: Catalogue = {
  welcome:
    '안녕하세요! 보내 주신 글을 AI 에이전트에게 전하고 답을 여기로 가져옵니다.\n\n그냥 쓰시면 됩니다. `{sign}help`에서 다른 명령도 볼 수 있습니다.',
  help: '**쓸 수 있는 명령**\n\n{commands}\n\n그 밖의 글은 모두 에이전트에게 갑니다. 에이전트가 일하는 동안 메시지는 차례를 기다리며, 사라지지 않습니다.',
  help_start: '시작하는 방법',
  help_help: '이 목록',
  help_stop: '지금 쓰고 있는 답 멈추기',
  help_retry: '마지막 메시지 다시 묻기',
  help_status: '에이전트와 전달 상태',
  help_yes: '에이전트의 요청을 한 번 허락',
  help_no: '거절',
  unknown_command: '`{sign}{command}` 명령은 모릅니다. `{sign}help`에서 아는 명령을 볼 수 있습니다.',
  unknown_button: '이 버튼은 더 이상 쓰이지 않습니다.',
  chat_name: '새 대화',

  empty_answer: '_에이전트가 답 없이 끝냈습니다._',
  answer_cut: '답이 {limit}자를 넘어서 여기서 멈췄습니다.',
  answer_restarted: '_에이전트가 중단되어 이 답을 처음부터 다시 썼습니다._',
  file_no_files: '📎 에이전트가 {name} 파일을 만들었습니다. 여기로는 파일을 보낼 수 없습니다.',
  file_not_given: '📎 {name} 파일을 보내지 못했습니다: {reason}.',
  file_too_large_here: '📎 {name} 파일을 보내지 못했습니다: 여기서는 파일 하나가 {limit} 이하여야 합니다.',
  files_more: {
    other: '📎 에이전트가 파일 {count}개를 더 보냈지만, 답 하나에 {limit}개까지만 보냅니다.',
  },
  files_alone: { other: '📎 에이전트가 파일 {count}개를 보냈습니다:' },
  files_waiting: {
    other:
      '📎 파일 {count}개가 다음 메시지와 함께 전달됩니다: {files}. `{sign}list`로 보고 `{sign}remove all`로 뺄 수 있습니다.',
  },
  file_not_taken: '{name} 파일을 받지 못했습니다: {reason}. 아직 필요하면 다시 보내 주세요.',
  files_failed: '보내신 것을 모두 전할 수 없어서 에이전트에게 묻지 않았습니다:\n\n{files}',
  file_error_too_large: '파일이 너무 큽니다',
  file_error_empty: '빈 파일입니다',
  file_error_not_found: '파일이 더 이상 없습니다',
  file_error_outside: '내 폴더 안에 있는 파일이 아닙니다',
  file_error_not_a_file: '파일이 아닙니다',
  file_error_no_workspace: '이 에이전트와는 파일을 주고받을 수 없습니다',
  file_error_disk_full: '저장할 공간이 없습니다',
  file_error_cut_off: '도중에 끊겼습니다',
  file_error_failed: '저희 쪽에 문제가 생겼습니다',
  undelivered: '이 답의 일부를 여기로 전달하지 못했습니다.',
  retry_hint: '다시 시도하려면 `{sign}retry`라고 보내 주세요.',
  button_retry: '다시 시도',

  stopped: '멈췄습니다.',
  nothing_to_stop: '멈출 것이 없습니다. 지금 에이전트가 하는 일이 없습니다.',
  nothing_to_retry: '아직 다시 물을 것이 없습니다.',
  retry_running: '아직 하고 있습니다. 답이 준비되면 여기에 나타납니다.',
  retrying: '다시 묻습니다.',

  agent_unreachable: '지금 에이전트에 연결할 수 없습니다. 메시지는 보관되어 있으니 잠시 뒤 다시 시도하세요.',
  agent_refused: '에이전트가 접속을 거절했습니다. 이 시스템의 운영자가 확인해야 합니다.',
  agent_no_status: '에이전트가 응답하지 않습니다. 잠시 뒤 다시 시도하세요.',
  agent_first_event_timeout: '에이전트가 제때 답을 시작하지 않았습니다.',
  agent_idle_timeout: '에이전트가 도중에 조용해져서 답을 여기서 끝냈습니다.',
  agent_interrupted: '에이전트와의 연결이 끊겼고 이 답은 이어 갈 수 없습니다.',
  agent_protocol: '에이전트가 알 수 없는 것을 보내서 답을 여기서 끝냈습니다.',
  agent_replaced: '다른 곳에서 에이전트와의 이 대화를 넘겨받았습니다.',
  agent_missing: '이 대화의 에이전트를 더 이상 쓸 수 없습니다.',
  agent_error: '에이전트가 문제를 알렸습니다: {message}',
  agent_internal: '답을 만드는 동안 저희 쪽에 문제가 생겼습니다. 쓰신 글은 사라지지 않았습니다.',
  restart_interrupted:
    '에이전트가 답하는 동안 다시 시작되었고, 이 에이전트는 이어서 답할 수 없습니다. 다시 물어볼까요?',

  expired_note: {
    other:
      '오래 자리를 비워서 메시지 {count}개에 답하지 못했습니다:\n\n{texts}\n\n아직 필요하면 다시 보내 주세요.',
  },
  expired_more: '… 그 밖에 {count}개',

  refused_empty: '그 메시지에는 읽을 내용이 없었습니다.',
  refused_rate:
    '너무 빨라서 따라갈 수 없습니다. 이 메시지는 받지 못했으니 {seconds}초 뒤에 다시 보내 주세요.',
  refused_queue_full:
    '에이전트가 답할 메시지가 아직 {limit}개 있습니다. 이 메시지는 받지 못했으니 나중에 다시 보내 주세요.',
  refused_files_full:
    '글을 기다릴 수 있는 파일은 {limit}개까지입니다. 이 메시지는 받지 못했습니다: 글을 보내거나 `{sign}remove all`로 비워 주세요.',
  refused_no_files: '여기서는 파일을 보낼 수 없습니다. 이 메시지는 받지 못했으니 파일 없이 다시 보내 주세요.',
  refused_file_too_large:
    '{name} 파일이 너무 큽니다. 여기서는 {limit}까지 보낼 수 있습니다. 이 메시지는 받지 못했으니 더 작은 파일로 보내 주세요.',
  refused_file_empty:
    '{name} 파일이 비어 있습니다. 이 메시지는 받지 못했으니 내용이 있는 파일로 보내 주세요.',
  refused_no_workspace:
    '이 대화의 에이전트는 파일을 받지 않습니다. 이 메시지는 받지 못했으니 파일 없이 보내 주세요.',
  refused_not_served: '이 시스템의 명단에 없습니다. 운영자에게 추가를 부탁하세요.',
  refused_stopping: '다시 시작하는 중입니다. 이 메시지는 받지 못했으니 잠시 뒤에 다시 보낼 수 있습니다.',
  refused_bot: '다른 프로그램에는 답하지 않습니다.',

  status: '**에이전트** {agent}: {agentState}\n\n**기다리는 메시지** {queued}\n\n**최근 답**\n\n{answers}',
  status_agent_ok: '준비됨 ({ms} ms)',
  status_agent_busy: '보내신 메시지를 처리하는 중',
  status_agent_down: '연결할 수 없음',
  status_no_answers: '- 아직 없음',
  status_delivered: '전달됨',
  status_pending: '전달하는 중',
  status_dead: '전달하지 못함',
  turn_queued: '기다리는 중',
  turn_running: '진행 중',
  turn_answered: '답함',
  turn_failed: '실패',
  turn_cancelled: '멈춤',
  turn_interrupted: '중단됨',
  turn_expired: '오래되어 답하지 않음',

  confirm: '**에이전트가 허락을 구합니다**\n\n{text}',
  confirm_choices: '`{sign}yes` 또는 `{sign}no`로 답해 주세요.',
  confirm_chosen: '고르신 답: {label}',
  confirm_already: '이미 답한 질문입니다: {label}',
  confirm_expired: '이 질문은 기한이 지났습니다.',
  confirm_not_allowed: '질문을 받은 사람만 답할 수 있습니다.',
  too_many_questions: '에이전트가 메시지 하나에 질문을 {limit}개 넘게 해서 멈췄습니다.',
  confirm_none: '열린 질문이 없습니다.',

  help_group_answers: '답',
  help_group_chats: '대화',
  help_group_memory: '에이전트의 기억',
  help_group_files: '파일',
  help_group_system: '설정과 도움말',
  help_new: '새 대화',
  help_chats: '내 대화 목록',
  help_rename: '이 대화의 이름 바꾸기',
  help_archive: '이 대화를 보관하기',
  help_context: '지금 이 대화의 기억',
  help_clear: '처음부터 시작: 에이전트가 이 대화를 잊음',
  help_save: '에이전트가 아는 것을 저장',
  help_load: '저장한 것에서 이어 가기',
  help_cancel: '목록 닫기',
  help_list: '다음 메시지를 기다리는 파일',
  help_remove: '기다리는 파일 빼기',
  help_agent: '여기와 새 대화에서 답하는 에이전트',
  help_settings: '언어와 답 표시 방식',

  busy: '에이전트가 아직 여기서 일하고 있습니다. 끝나기를 기다리거나 먼저 `{sign}stop`이라고 보내 주세요.',
  command_failed: '저희 쪽에 문제가 생겨서 하지 못했습니다. 잠시 뒤 다시 시도해 주세요.',
  agent_silent: '에이전트가 응답하지 않아 아무것도 바꾸지 않았습니다. 잠시 뒤 다시 시도해 주세요.',
  agent_declined: '에이전트가 거절해서 아무것도 바꾸지 않았습니다.',
  not_yours: '목록에 없거나 더 이상 없는 항목입니다.',
  name_too_long: '이름은 {limit}자까지 쓸 수 있는데 {length}자입니다. 아무것도 바꾸지 않았습니다.',

  new_welcome:
    '새 대화입니다. 에이전트는 여기서 다른 대화를 모릅니다. 그냥 쓰시면 첫 메시지가 이름이 됩니다.',
  new_welcome_named:
    '**{name}** – 새 대화입니다. 에이전트는 여기서 다른 대화를 모릅니다. 그냥 쓰시면 됩니다.',
  new_here: '이제 여기에 쓰시는 글은 이 대화로 갑니다. `{sign}chats`로 돌아갈 수 있습니다.',
  new_made: '대화 {chat}의 자리를 만들었습니다. 그곳에 글을 남겼습니다.',
  new_no_place:
    '대화는 만들었지만 여기에 자리를 만들지 못했습니다. `{sign}chats {number}`로 다시 시도할 수 있습니다.',
  new_too_many:
    '대화가 이미 {limit}개라서 더 만들 수 없습니다. 예전 대화를 쓰세요: `{sign}chats`는 목록을 보여 주고 `{sign}clear`는 대화를 비웁니다.',
  bytes: { other: '{count}바이트' },
  chats: {
    other: '**대화 {count}개**\n\n{chats}',
  },
  chats_hint: '`{sign}new`는 새 대화를 만들고, `{sign}chats {number}`: C{number} 위치를 알려 줍니다.',
  chats_hint_here: '`{sign}new`는 새 대화를 만들고, `{sign}chats {number}`: C{number} 대화로 갑니다.',
  chats_hint_one: '`{sign}new`는 새 대화를 만듭니다.',
  chats_here: '지금 여기',
  chats_archived: '보관됨',
  chats_unknown: '“{given}” 대화는 없습니다. `{sign}chats`에서 번호를 볼 수 있습니다.',
  chats_now_here: '지금 {chat} **{name}** 대화에 있습니다.',
  chats_already_here: '여기가 {chat} **{name}** 대화입니다.',
  chats_elsewhere: '{chat} **{name}** 대화는 따로 자리가 있습니다. 그곳을 열어 이어 가세요.',
  renamed: '이제 이 대화의 이름은 **{name}**입니다.',
  rename_empty: '어떤 이름으로 할까요? `{sign}rename` 뒤에 이름을 써 주세요.',
  archived: '**{name}** 대화를 보관했습니다. 여기에 글을 쓰면 다시 돌아옵니다.',
  archived_here:
    '**{name}** 대화를 보관했습니다. 지금은 {chat} **{other}** 대화에 있습니다. `{sign}chats`에서 모두 볼 수 있습니다.',
  archive_last: '하나뿐인 대화라서 보관할 수 없습니다. 먼저 `{sign}new`로 다른 대화를 만드세요.',

  cleared: '처음부터 시작합니다. 에이전트는 앞에서 나눈 이야기를 모릅니다.',
  context:
    '**{chat}**\n\n- 에이전트: {agent}\n- 시작: {since}\n- 쓴 토큰: {tokens}\n- 준 파일: {files}\n\n`{sign}save`로 저장하고 `{sign}clear`로 처음부터 시작할 수 있습니다.',
  context_no_tokens: '에이전트가 알려 주지 않음',
  saved: '**{name}** 이름으로 저장했습니다. 언제든 `{sign}load`로 여기서 이어 갈 수 있습니다.',
  save_notes:
    '이어 가는 데 필요한 것을 적어 두라고 에이전트에게 부탁했습니다. 답이 오면 `{sign}load`에 **{name}** 항목이 나타납니다.',
  notes_writing: '이 맥락을 {name}(으)로 저장',
  notes_reading: '{name}에서 이어 가기',
  load: '**저장한 것**\n\n{contexts}\n\n어느 것으로 할까요? `{sign}load 1`은 첫 번째를 고르고 `{sign}cancel`은 그대로 둡니다. 지금 에이전트가 여기서 아는 것은 바뀝니다.',
  load_none: '이 에이전트로 저장한 것이 아직 없습니다. `{sign}save`로 지금 아는 것을 저장할 수 있습니다.',
  load_unknown:
    '그런 번호나 이름은 없습니다. 1부터 {count}까지의 번호나 목록의 이름을 말해 주세요. `{sign}load`에서 목록을 볼 수 있습니다.',
  load_used: '이 목록에서는 이미 골랐습니다. `{sign}load`로 새 목록을 볼 수 있습니다.',
  load_unsupported: '에이전트가 이 사본을 더 이상 열 수 없습니다. 아무것도 바꾸지 않았습니다.',
  loaded: '에이전트가 여기서 **{name}**부터 이어 갑니다. 그 뒤의 이야기는 모릅니다.',
  load_notes: '에이전트가 여기서 새로 시작하며 먼저 **{name}** 메모를 읽습니다.',
  load_cancelled: '그대로 둡니다.',
  nothing_to_cancel: '열린 목록이 없습니다.',
  button_cancel: '취소',

  list: {
    other:
      '**파일 {count}개가 다음 메시지를 기다립니다**\n\n{files}\n\n`{sign}remove 1`은 하나를 빼고 `{sign}remove all`은 모두 뺍니다.',
  },
  list_none: '기다리는 파일이 없습니다. 글 없이 보낸 파일은 다음 메시지를 기다립니다.',
  remove_unknown:
    '1부터 {count}까지의 번호나 `{sign}remove all`이라고 말해 주세요. `{sign}list`에서 볼 수 있습니다.',
  remove_gone: '그 파일은 이제 기다리고 있지 않습니다.',
  removed_one: '{name} 파일을 뺐습니다.',
  removed: {
    other: '파일 {count}개를 뺐습니다.',
  },
  button_remove: '빼기',

  agent_here: '여기서는 **{agent}** 에이전트가 답합니다.',
  agent_choices:
    '{here}\n\n{agents}\n\n`{sign}agent 1`은 새 대화에서 첫 번째를 쓰게 합니다. 이 대화의 에이전트는 그대로입니다.',
  agent_for_new: '새 대화용',
  agent_chosen: '새 대화에서도 **{agent}** 에이전트가 답합니다.',
  agent_chosen_other:
    '새 대화에서는 **{agent}** 에이전트가 답합니다. `{sign}new`로 만드세요. 이 대화의 에이전트는 그대로입니다.',
  agent_unknown:
    '그런 번호나 이름은 없습니다. 1부터 {count}까지의 번호나 목록의 이름을 말해 주세요. `{sign}agent`에서 목록을 볼 수 있습니다.',
  agent_gone: '그 에이전트는 고를 수 없거나 더 이상 고를 수 없습니다.',
  agent_unnamed: '쓸 수 없는 에이전트',
  agent_by_default: '이 시스템의 명단에 없으므로 여기서는 기본 에이전트가 답합니다: **{agent}**.',
  agent_moved: '이제 여기서는 **{agent}** 에이전트가 답합니다. 앞에서 나눈 이야기는 모릅니다.',

  settings:
    '**언어** {language}\n\n**쓰는 동안 답 보여 주기** {streaming}\n\n예를 들어 `{sign}settings language ko` 또는 `{sign}settings streaming off`라고 보내 주세요.',
  settings_on: '켬',
  settings_off: '끔',
  settings_unknown: '설정은 두 가지입니다: `{sign}settings language`와 `{sign}settings streaming`.',
  settings_unknown_language:
    '영어(`en`), 러시아어(`ru`), 한국어(`ko`)를 할 수 있습니다. 예: `{sign}settings language ko`.',
  settings_unknown_streaming:
    '`{sign}settings streaming on` 또는 `{sign}settings streaming off`라고 보내 주세요.',
  button_streaming_on: '쓰는 동안 보여 주기',
  button_streaming_off: '다 쓴 답만 보여 주기',
};
